/**
 * What must be shown for a grade. `src/grade/grade-evidence.ts` says which grade is left when a claim is contradicted
 * or unknown.
 */
export const CLAIMS = [
  /** The guest that was held is the VM that was snapshotted. */
  'same-machine',
  /** The helper that the preflight looked at gave every answer. */
  'one-helper',
  /** Every block device under the data is inside the snapshot. */
  'covered',
  /** The DBMS ended cleanly. */
  'clean-stop',
  /** Every file system of the profile was synced after the stop. */
  'synced',
  /** Nothing ran and nothing changed between hold and fence. */
  'stood-still',
  /** No other database server ran on the machine. */
  'one-server',
  /** The watchdog was armed at the hold and had not fired at the fence. */
  'watchdog-silent',
  /** The hypervisor's task began after the hold was answered and ended before the release was sent. */
  'inside-hold',
  /** The guest did not reboot in between. */
  'one-boot',
  /** The hypervisor froze the guest's file systems for the point in time, and thawed them after it. */
  'frozen',
  /** Everything that ran before runs again and the server answers. Does not change the grade of the point. */
  'came-back',
  /** The server started without crash recovery. Not asked for, but when contradicted it takes the grade down. */
  'no-crash-recovery',
  /** A dump: every table in it is as it was at one moment. */
  'one-moment',
] as const
export type Claim = (typeof CLAIMS)[number]

export interface Proof {
  readonly claim: Claim
  readonly verdict: 'proven' | 'contradicted' | 'unknown'
  /** Stable word for programs, e.g. `redo-not-closed`. */
  readonly code: string
  /** What was seen, with its values; lower case, no full stop. */
  readonly message: string
}
