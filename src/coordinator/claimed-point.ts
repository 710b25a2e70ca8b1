import { type RestorePoint, vmKey } from '../catalog/catalog.ts'
import { gradeToTrust, type ReadDescription, type SnapshotClaim } from '../grade/description.ts'
import { type Grade, isWorse, type Reason } from '../grade/grade.ts'
import type { Snapshot, Vm } from '../hypervisor/hypervisor.ts'
import { idOfSnapshotName } from '../hypervisor/snapshot-name.ts'

/** What is kept as the evidence of a point that was read back from its snapshot. */
export interface ReadBack {
  readonly version: 1
  readonly proofs: readonly []
  readonly readBack: { readonly claimed: Grade | 'pending'; readonly verified: boolean; readonly held?: string }
}

/**
 * The restore point that a snapshot of ours claims to be, for a catalog that lost it. Its grade is the claimed one only where the
 * signature is by this coordinator's key, over this very snapshot and this VM's name. Where it is not, somebody else may have made the
 * snapshot and may need it: it is `foreign`, so that nothing removes it or writes on it. Pure.
 */
export function claimedPoint(vm: Vm, name: string, snapshot: Snapshot, read: ReadDescription): RestorePoint {
  const { claim } = read
  const verified = read.verified && claim.point === idOfSnapshotName(snapshot.name) && claim.vm === name
  const evidence: ReadBack = { version: 1, proofs: [], readBack: { claimed: claim.grade, verified, ...heldOf(claim) } }
  return {
    ...{ version: 1, id: claim.point, run: claim.run, vm: name, vmKey: vmKey(vm), hypervisor: vm.hypervisor },
    snapshot: snapshot.name,
    // Somebody else's snapshot is known again by the hypervisor's own time.
    createdAt: verified ? claim.at : snapshot.createdAt,
    ...kindOf(read, verified),
    grade: verified ? gradeToTrust(read, claim.point) : 'suspect',
    reasons: reasonsOf(read, name, verified),
    evidence,
  }
}

/** A safety snapshot is one of several acts of its run, and has an id of its own. */
function kindOf(
  { claim: { point, run, mode, grade } }: ReadDescription,
  verified: boolean,
): Pick<RestorePoint, 'kind' | 'mode'> {
  if (!verified) return { kind: 'foreign', mode: mode ?? 'none' }
  return point === run
    ? { kind: 'snapshot', mode: mode ?? 'stop' }
    : { kind: 'safety', mode: grade === 'db-stopped' ? 'stop' : 'none' }
}

/** What a restore stopped for its safety snapshot was stopped under the id of its run; its description says no more than the grade. */
function heldOf({ held, point, run, grade }: SnapshotClaim): { readonly held?: string } {
  if (held !== undefined) return { held }
  return point !== run && grade === 'db-stopped' ? { held: run } : {}
}

function reasonsOf({ claim, verified: signed }: ReadDescription, name: string, verified: boolean): readonly Reason[] {
  if (verified && claim.grade === 'pending') return [{ code: 'pending', message: 'its run did not come to a grade' }]
  if (verified && claim.grade === 'db-stopped') return []
  if (verified) return [{ code: 'read-back', message: 'its description says no more than the grade' }]
  const claims = `its description claims ${claim.grade} for ${claim.vm}`
  if (!signed) return [{ code: 'claimed', message: `${claims}, and is not signed by the key of this coordinator` }]
  const why = claim.vm === name ? 'was signed for another snapshot' : 'is signed for that name'
  return [{ code: 'claimed', message: `${claims}, and ${why}` }]
}

/** True for a point that {@link claimedPoint} made: it says less than what its run would have kept. */
export function isReadBack({ evidence }: RestorePoint): boolean {
  return typeof evidence === 'object' && evidence !== null && 'readBack' in evidence
}

/** Whether the catalog's record is to be replaced: only one that was itself read back, by one that is worth more. */
export function isBetter(read: RestorePoint, known: RestorePoint): boolean {
  return isReadBack(known) && isWorse(known.grade, read.grade)
}
