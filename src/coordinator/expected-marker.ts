import type { RestorePoint } from '../catalog/catalog.ts'

/**
 * What the marker on the disks of a point begins with: the id of the hold that wrote it. Undefined where nothing was held, or nobody
 * knows by whom: a safety snapshot of a machine that could not be held, or a freeze that stopped nothing. Pure.
 */
export function expectedMarker({ id, run, kind, mode, evidence }: RestorePoint): string | undefined {
  if (kind === 'safety' || mode === 'freeze') return heldIn(evidence)
  // One that was read back without the key is called foreign, but its run took it beside its own acts.
  return mode === 'none' && run !== id ? undefined : id
}

/** The id of the hold in the evidence: a restore's, or that of a freeze from inside; from the snapshot, where that is all there is. Pure. */
export function heldIn(evidence: unknown): string | undefined {
  const { hold, readBack } = (evidence ?? {}) as { hold?: { hold?: string }; readBack?: { held?: string } }
  return hold?.hold ?? readBack?.held
}
