import type { RestorePoint } from '../../catalog/catalog.ts'
import type { BackedUpEvidence } from '../../coordinator/unfinished-backup.ts'
import type { Proof } from '../../grade/proof.ts'

/** What happened in which order around one backup, and whether that order is the right one. */
export interface BackupOrder {
  readonly point: string
  readonly archive: string
  /** By the clock of the hypervisor's host. */
  readonly events: readonly { readonly at: string | null; readonly what: string }[]
  readonly proofs: readonly Proof[]
  readonly proven: boolean
}

/** Undefined for what is no backup that was held and has ended. Pure. */
export function backupOrder({ id, kind, snapshot, evidence }: RestorePoint): BackupOrder | undefined {
  if (kind !== 'backup') return undefined
  const { backup, proofs } = evidence as Partial<BackedUpEvidence>
  if (backup?.times === undefined || proofs === undefined) return undefined
  const { heldAt, loggedAt, seenAt, releasedAt } = backup.times
  const order = proofs.filter(({ claim }) => claim === 'inside-hold')
  return {
    point: id,
    archive: snapshot,
    events: [
      { at: heldAt ?? null, what: 'the guest stands still; the hook lets the backup begin' },
      { at: loggedAt ?? null, what: 'the log of the backup: started' },
      { at: seenAt ?? null, what: 'the hook saw it; everything is started again' },
      { at: releasedAt ?? null, what: 'everything runs again, and was looked at' },
    ],
    proofs: order,
    proven: order.length > 1 && order.every(({ verdict }) => verdict === 'proven'),
  }
}
