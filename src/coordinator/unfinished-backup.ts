import type { RestorePoint } from '../catalog/catalog.ts'
import type { Evidence } from './evidence.ts'

/** What is kept of a backup beside the evidence of its hold. */
export interface BackupEvidence {
  /** `running`: nobody has seen the archive's end yet. */
  readonly state: 'running' | 'done'
  readonly storage?: string
  /** The job's own times, by the clock of its host; absent until the archive is done. */
  readonly times?: HostTimes
}

/** Local times of the hypervisor's host, in whole seconds, as its log has them: `2026-11-27 02:30:07`. */
export interface HostTimes {
  /** The hook let the job go on. */
  readonly heldAt?: string
  /** The job's log says that its point in time is over. */
  readonly loggedAt?: string
  /** The hook saw that line. */
  readonly seenAt?: string
  /** The hook was told that everything runs again. */
  readonly releasedAt?: string
}

export type BackedUpEvidence = Evidence & { readonly backup: BackupEvidence }

/** The point of a backup that still runs: an archive that may never be whole deserves no grade. */
export function unfinished(point: RestorePoint, storage: string | undefined): RestorePoint {
  const backup: BackupEvidence = { state: 'running', ...(storage === undefined ? {} : { storage }) }
  return {
    ...point,
    grade: 'suspect',
    reasons: [{ code: 'backup-unfinished', message: 'nobody has seen the end of the backup yet' }],
    evidence: { ...(point.evidence as Evidence), backup },
  }
}
