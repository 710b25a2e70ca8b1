import type { RestorePoint } from '../catalog/catalog.ts'

/**
 * What the marker on the disks of a point begins with: the id of the hold that wrote it. Undefined where nothing was held: a
 * safety snapshot, or a freeze that stopped nothing. Pure.
 */
export function expectedMarker({ id, run, kind, mode, evidence }: RestorePoint): string | undefined {
  // One that was read back without the key is called foreign, but its run took it beside its own acts.
  if (kind === 'safety' || (mode === 'none' && run !== id)) return undefined
  return mode === 'freeze' ? heldInside(evidence) : id
}

/** The id of the hold that a freeze from inside took, where the guest has the hook; from the snapshot, where that is all there is. Pure. */
export function heldInside(evidence: unknown): string | undefined {
  const { hold, readBack } = (evidence ?? {}) as { hold?: { hold?: string }; readBack?: { held?: string } }
  return hold?.hold ?? readBack?.held
}
