/** A job of somebody else's that takes a snapshot with the guest frozen by its agent. */
export interface FreezingJob {
  /** Gone, and asks for nothing more. */
  killed: boolean
  /** What follows stillshot's hook in the guest fails: the agent thaws by itself, and the snapshot is taken all the same. */
  laterFails: boolean
  /** The snapshot is refused, and the guest was frozen for nothing. */
  snapshotFails: boolean
  /** Another snapshot right after the first. */
  takesTwo: boolean
}
