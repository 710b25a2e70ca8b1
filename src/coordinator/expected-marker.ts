import type { RestorePoint } from '../catalog/catalog.ts'

/**
 * What the marker on the disks of a point begins with: the id of the hold that wrote it. Undefined where nothing was held: a
 * safety snapshot, or a freeze that stopped nothing. Pure.
 */
export function expectedMarker({ id, kind, mode, evidence }: RestorePoint): string | undefined {
  if (kind === 'safety') return undefined
  return mode === 'freeze' ? heldInside(evidence) : id
}

/** The id of the hold that a freeze from inside took, where the guest has the hook. Pure. */
export function heldInside(evidence: unknown): string | undefined {
  return (evidence as { hold?: { hold?: string } } | null)?.hold?.hold
}
