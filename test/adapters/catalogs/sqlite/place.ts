import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteCatalog } from '../../../../adapters/catalogs/sqlite/sqlite-catalog.ts'
import { NodeClock } from '../../../../adapters/system/node-clock.ts'
import type { Catalog } from '../../../../src/catalog/catalog.ts'

/** A folder of its own for one test, with the path that a catalog in it would have. */
export async function makeSqlitePlace(): Promise<{
  folder: string
  path: string
  open(): Promise<Catalog>
  remove(): Promise<void>
}> {
  const folder = await mkdtemp(join(tmpdir(), 'stillshot-catalog-'))
  const path = join(folder, 'state', 'catalog.sqlite')
  return {
    folder,
    path,
    open: () => openSqliteCatalog({ path, clock: new NodeClock() }),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
