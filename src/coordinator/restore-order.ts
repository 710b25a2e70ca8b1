import type { WantedPoint } from './restore-points.ts'

export interface RestoreOrder extends WantedPoint {
  readonly safetySnapshot: boolean
  /** Consents that were given: words of {@link ../finding.ts CONSENTS}. */
  readonly accept?: readonly string[]
  /** Names of newer snapshots that are removed first, where only the newest can be gone back to; all of them, or none. */
  readonly removeNewer?: readonly string[]
  /** How long to wait for a run that has the VM; 0 unless given. */
  readonly waitMs?: number
  readonly dryRun: boolean
  readonly signal: AbortSignal
}
