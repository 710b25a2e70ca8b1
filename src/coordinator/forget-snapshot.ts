import type { Catalog } from '../catalog/catalog.ts'

/** Whatever the catalog has for a snapshot that is gone. */
export async function forgetSnapshot(catalog: Catalog, vm: string, name: string): Promise<void> {
  for (const { id, snapshot } of await catalog.points({ vm })) if (snapshot === name) await catalog.removePoint(id)
}
