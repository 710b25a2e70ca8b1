/** How hypervisors of one kind differ from others behind the port, in ways that the coordinator can feel. */
export interface Flavour {
  readonly name: string
  /** Disks of the VM beside the one that the data is on. */
  readonly moreDisks: readonly string[]
  /** How long a change waits for another task to let go of the VM, before it is refused. */
  readonly queuesMs: number
  /** Something else has the VM for up to so long after it was rolled back. */
  readonly busyAfterRollBackMs: number
  /** A task that dies leaves the VM locked, until a person takes the lock away. */
  readonly deathLeavesLock: boolean
  /** An agent in the guest is asked to freeze it for every snapshot; that it fails stops nobody. */
  readonly freezes: boolean
  /** The VM stands still for up to so long when its disks change. */
  readonly stunMs: number
  /** The end of a task is told up to so long after it. */
  readonly toldLateMs: number
  /** A snapshot is in the list while it is still being made. */
  readonly listsUnfinished: boolean
}

/** Refuses at once, and tells at once. */
export const plain: Flavour = {
  name: 'plain',
  moreDisks: [],
  queuesMs: 0,
  busyAfterRollBackMs: 0,
  deathLeavesLock: false,
  freezes: false,
  stunMs: 0,
  toldLateMs: 0,
  listsUnfinished: true,
}

/** As Proxmox VE: locks in the configuration, which outlive a killed worker, and an agent that freezes for every snapshot. */
const locking: Flavour = {
  ...plain,
  name: 'locking',
  queuesMs: 45_000,
  busyAfterRollBackMs: 30_000,
  deathLeavesLock: true,
  freezes: true,
}

/** As vSphere: several disks, tasks whose end is told late, a machine that is stunned, a tree without what is half made. */
const stunning: Flavour = {
  ...plain,
  name: 'stunning',
  moreDisks: ['log', 'archive'],
  queuesMs: 5_000,
  stunMs: 1_500,
  toldLateMs: 3_000,
  listsUnfinished: false,
}

/** A new kind joins here. */
export const FLAVOURS: readonly Flavour[] = [plain, locking, stunning]
