import type { RestorePoint } from '../catalog/catalog.ts'
import { StillshotError } from '../errors.ts'
import type { Proof } from '../grade/proof.ts'
import type { GuestState } from './restore-guest.ts'
import type { RestoreReport } from './restore-report.ts'

/**
 * What a restore to the point must show. One that promises no clean stop may recover when it starts; a safety point of a machine
 * that did not work promises its disks and nothing more.
 */
export function promised(point: RestorePoint): readonly Proof['claim'][] {
  if (guestBefore(point) !== 'healthy') return []
  return point.grade === 'db-stopped' ? ['came-back', 'no-crash-recovery'] : ['came-back']
}

/** How the guest of a safety point was when it was taken. What nothing is known of is taken for one that worked. */
export function guestBefore({ kind, evidence }: RestorePoint): GuestState['state'] {
  const guest = (evidence as { guest?: Partial<GuestState> } | null)?.guest
  return kind === 'safety' ? (guest?.state ?? 'healthy') : 'healthy'
}

/** True when everything that the point promises was seen. */
export function isBack(point: RestorePoint, proofs: readonly Proof[]): boolean {
  const claims = promised(point)
  return proofs.every(({ claim, verdict }) => verdict === 'proven' || !claims.includes(claim))
}

/** The error of a restore whose disks are back, and that did not show what the point promises. */
export function unproven(report: RestoreReport): StillshotError {
  const claims = promised(report.point)
  const failing = report.proofs.filter(({ claim, verdict }) => claims.includes(claim) && verdict !== 'proven')
  const why = failing.map(({ message }) => message)
  return new StillshotError('restore-unproven', `${report.vm} is at ${report.point.snapshot}, but: ${why.join('; ')}`, {
    details: { run: report.run, report },
  })
}
