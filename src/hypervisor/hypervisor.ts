import type { Finding } from '../finding.ts'
import type { CallOptions } from '../system/clock.ts'
import type { Storage } from '../system/storage.ts'
import type { Clones } from './clones.ts'
import type { ServerTrust } from './known-server.ts'
import type { ListedVm, PowerState, Vm } from './vm.ts'

export type { ListedVm, Place, PowerState, Vm, VmDisk } from './vm.ts'

/**
 * The port to what makes snapshots. One adapter per product in adapters/hypervisors/; every adapter passes
 * test/conformance/hypervisor.ts. All calls reject with a StillshotError and end soon after `signal` aborts.
 *
 * A change that is given up (`answer-lost`) has arrived by then, or never will: an adapter that talks over a network
 * resets its connection, so that nothing it still held back is sent. What is under way then, goes on.
 */
export interface Hypervisor {
  /** The name under `hypervisors:` in the configuration. */
  readonly name: string
  readonly kind: string
  readonly capabilities: Capabilities

  /** Reachable, credentials accepted, rights present; changes nothing. Repeatable. */
  check(options?: CallOptions): Promise<HypervisorInfo>

  /**
   * The VM with this native id, UUID or name. `vm-not-found` for none, `vm-ambiguous` for two. Repeatable.
   */
  findVm(reference: string, options?: CallOptions): Promise<Vm>

  /**
   * Every VM that the credentials may see, without templates, in no certain order. Rejects rather than leaving out what it could
   * not read: what is not in the answer is taken for not there. Repeatable.
   */
  listVms(options?: CallOptions): Promise<readonly ListedVm[]>

  /** How many VMs of this hypervisor carry the SMBIOS UUID; 1 is what identity needs. Repeatable. */
  countUuid(uuid: string, options?: CallOptions): Promise<number>

  /**
   * What the disks of the VM lie on, one entry for each storage, as far as the hypervisor tells these credentials; changes nothing.
   * What it does not tell is `unknown`, with the reason. Repeatable.
   */
  storage(vm: Vm, options?: CallOptions): Promise<readonly Storage[]>

  /**
   * Whether a snapshot of this VM can be taken now (disks, free space, chain depth, locks), with `quiesce` also whether its
   * guest can be frozen for it; changes nothing. Repeatable.
   */
  checkSnapshot(vm: Vm, options?: CheckSnapshotOptions): Promise<readonly Finding[]>

  /**
   * Takes a snapshot without memory, of all covered disks at one point in time, and resolves when it exists, not when
   * it is queued. NEVER repeated by a caller: after `answer-lost` look for `name` with {@link listSnapshots}.
   * With `quiesce`, what the hypervisor freezes it thaws before it resolves; `quiesced` of the answer says how that went.
   * Where it takes no snapshot of a guest that cannot be frozen, it rejects. See also {@link CreateOptions.onMade}.
   */
  createSnapshot(vm: Vm, request: SnapshotRequest, options?: CreateOptions): Promise<Snapshot>

  /** Oldest first; other people's too. Repeatable. */
  listSnapshots(vm: Vm, options?: CallOptions): Promise<readonly Snapshot[]>

  /** Replaces the description. Idempotent. `snapshot-not-found` when it is gone. */
  describeSnapshot(vm: Vm, snapshotName: string, description: string, options?: CallOptions): Promise<void>

  /**
   * Removes the snapshot and keeps the data of everything else; children stay. Idempotent: a missing one resolves, and
   * one whose removal was interrupted is removed to its end. `vm-locked` while it is still being made.
   * `snapshot-has-branches` when its image carries more than one overlay.
   */
  removeSnapshot(vm: Vm, snapshotName: string, options?: CallOptions): Promise<void>

  /**
   * What a roll back to the snapshot would do and lose, or why it cannot be done; changes nothing. Repeatable. A finding of code
   * {@link NEWEST_ONLY} or {@link NOT_NEWEST} says that the storage of this VM rolls back to its newest snapshot only, whatever the
   * capabilities are: the one where this is the newest, the other where newer ones are in the way.
   */
  checkRollBack(vm: Vm, snapshotName: string, options?: CallOptions): Promise<readonly Finding[]>

  /**
   * Puts the disks of the VM back to the snapshot and leaves the VM off; after one that holds the memory, where an adapter can
   * ({@link WITH_MEMORY}), it runs on from that. The VM is stopped hard if it runs. All snapshots stay in the list. `token` names this roll back, so that {@link settleRollBack} can tell after a crash
   * how far it came; the same token again goes on where it stopped.
   */
  rollBack(vm: Vm, request: RollBackRequest, options?: CallOptions): Promise<void>

  /**
   * Looks how the roll back of this token ended and removes what a half one left. The disks are then either all at the
   * snapshot (`rolled-back`) or all as before (`untouched`), never mixed. Idempotent.
   */
  settleRollBack(vm: Vm, request: RollBackRequest, options?: CallOptions): Promise<'rolled-back' | 'untouched'>

  /** Starts the VM; resolves when it runs. Idempotent. */
  powerOn(vm: Vm, options?: CallOptions): Promise<void>

  /** Power as it is now. Repeatable. */
  power(vm: Vm, options?: CallOptions): Promise<PowerState>

  /** What happens to the VM from now on (start, stop, reset, migration), until the signal aborts. */
  watch(vm: Vm, signal: AbortSignal): AsyncIterable<VmEvent>

  /**
   * The agent in the guest, as far as this hypervisor can speak to it; absent where it cannot. Not every VM has one:
   * its calls then reject with `hypervisor-refused`.
   */
  readonly guestAgent?: GuestAgent

  /**
   * The same for programs alone, where its agent lets in accounts of the guest, each with its own login, and nobody else; absent
   * where it does not ask for one. Its calls reject with `guest-login-refused` for a wrong one.
   */
  guestPrograms?(login: GuestLogin): GuestPrograms

  /** Copies of a VM as it was at a snapshot, for drills and to fetch data from; absent where it cannot make them. */
  readonly clones?: Clones

  /**
   * Which server answers, and which one is meant; absent where servers do not tell who they are. Every other call rejects with
   * `server-changed`, before it sends a secret where that can be, when another one answers than the one that was met first.
   */
  readonly server?: ServerTrust

  /**
   * Whole backups of the VM that jobs of the hypervisor itself began in this time, oldest first; absent where it makes none.
   * Rejects with `hypervisor-refused` where the credentials may see no storage for them. Repeatable.
   */
  listBackups?(vm: Vm, begun: { fromMs: number; toMs: number }, options?: CallOptions): Promise<readonly Backup[]>

  /**
   * The command that an administrator types on the hypervisor to do the same by hand; never holds a secret. One line that a shell takes
   * as it is: remarks stand at its end, behind a `#`. `name`: of the snapshot or the copy.
   */
  byHand(vm: Vm, act: ActByHand, name: string): string

  /** Frees connections and processes. Safe twice. */
  close(): Promise<void>
}

export type ActByHand = 'create-snapshot' | 'remove-snapshot' | 'roll-back' | 'power-on' | 'remove-copy' | 'thaw'

/** See {@link Hypervisor.checkRollBack}. */
export const NEWEST_ONLY = 'newest-only'
export const NOT_NEWEST = 'not-newest'
/** A finding of this code that does not refuse: the VM would run on from the memory in the snapshot. */
export const WITH_MEMORY = 'snapshot-with-memory'

export interface GuestAgent {
  /** Resolves when it answers. Repeatable. */
  ping(vm: Vm, options?: CallOptions): Promise<void>
  /** Freezes the guest's file systems, its hooks first; resolves when they are frozen. Not to be repeated. */
  freeze(vm: Vm, options?: CallOptions): Promise<void>
  /** Ends it, the hooks last. Idempotent. */
  thaw(vm: Vm, options?: CallOptions): Promise<void>
  /**
   * Runs a program in the guest as its root, given by its path, with its words; no shell reads them. Resolves with how
   * it ended, once it has. Not to be repeated: after `answer-lost` it may have run, and may still run. Output that the agent cuts off
   * rejects with `hypervisor-refused`. Absent where the agent cannot.
   */
  exec?(vm: Vm, request: AgentCommand, options?: CallOptions): Promise<AgentCommandEnd>
}

/** An account of the guest. */
export interface GuestLogin {
  readonly user: string
  /** Fetches the secret, whenever it is needed. */
  readonly password: () => Promise<string>
}

export type GuestPrograms = Required<Pick<GuestAgent, 'ping' | 'exec'>>

export interface AgentCommand {
  /** The program's path and its arguments; seen by everybody in the guest, so never a secret. */
  readonly argv: readonly string[]
  readonly stdin?: string
}

export interface AgentCommandEnd {
  /** 128 and the signal's number where a signal ended it, as a shell has it. */
  readonly exitStatus: number
  readonly stdout: string
  readonly stderr: string
}

export interface Capabilities {
  /** Longest snapshot name, in characters. */
  readonly maxNameLength: number
  /** Whether a snapshot other than the newest can be rolled back to. */
  readonly rollBackToAny: boolean
  /** Whether {@link Hypervisor.watch} yields anything. */
  readonly events: boolean
  /** Whether a snapshot can be taken of a guest whose file systems the hypervisor freezes; else `quiesce` is ignored. */
  readonly quiesce: boolean
}

export interface CheckSnapshotOptions extends CallOptions {
  readonly quiesce?: boolean
}

export interface CreateOptions extends CallOptions {
  /**
   * Called at most once, before the call is over: the hypervisor’s task was seen to have ended well, so that the point in time lies
   * behind and the guest may go on while the adapter still reads what was made. The call may reject all the same. Not called where
   * nothing lies in between, nor once the call has been given up.
   */
  readonly onMade?: () => void
}

export interface HypervisorInfo {
  readonly product: string
  readonly version: string
}

export interface SnapshotRequest {
  readonly name: string
  readonly description: string
  /** The guest's file systems are frozen by the hypervisor's own means around the point in time, its hooks included. */
  readonly quiesce?: boolean
}

export interface RollBackRequest {
  readonly snapshotName: string
  readonly token: string
}

export interface Snapshot {
  readonly name: string
  readonly description: string
  /** ISO 8601 UTC, by the hypervisor's clock. */
  readonly createdAt: string
  /** Name of the snapshot that it stands on. */
  readonly parent?: string
  /** False while the hypervisor is still making or removing it. */
  readonly complete: boolean
  /** {@link VmDisk.id}s that it contains. */
  readonly disks: readonly string[]
  /** It holds the VM's memory too: somebody else's, because none of ours does. */
  readonly memory?: true
  /** What the hypervisor warned of while it made it; only the answer to `createSnapshot` knows. */
  readonly warnings?: readonly string[]
  /**
   * Whether the guest was frozen at the point in time and thawed after it; undefined when that is not known. Only the
   * answer to `createSnapshot` with `quiesce` knows.
   */
  readonly quiesced?: boolean
}

/** An archive that the hypervisor made of a VM by itself. */
export interface Backup {
  /** As the hypervisor names it. */
  readonly name: string
  /** When its job began with the VM: ISO 8601 UTC, by the hypervisor's clock. Its point in time is a little later. */
  readonly createdAt: string
  /** {@link VmDisk.id}s that it contains; none where that cannot be told. */
  readonly disks: readonly string[]
  /** Whether its job asks the guest's agent to freeze. */
  readonly freezes: boolean
}

export interface VmEvent {
  /** ISO 8601 UTC, when the coordinator saw it. */
  readonly at: string
  readonly kind: 'started' | 'stopped' | 'reset' | 'paused' | 'resumed' | 'migrated' | 'snapshot' | 'other'
  readonly detail: string
}
