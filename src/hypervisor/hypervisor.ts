import type { Finding } from '../finding.ts'
import type { CallOptions } from '../system/clock.ts'

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

  /** How many VMs of this hypervisor carry the SMBIOS UUID; 1 is what identity needs. Repeatable. */
  countUuid(uuid: string, options?: CallOptions): Promise<number>

  /** Whether a snapshot of this VM can be taken now (disks, free space, chain depth, locks); changes nothing. Repeatable. */
  checkSnapshot(vm: Vm, options?: CallOptions): Promise<readonly Finding[]>

  /**
   * Takes a snapshot without memory, of all covered disks at one point in time, and resolves when it exists, not when
   * it is queued. NEVER repeated by a caller: after `answer-lost` look for `name` with {@link listSnapshots}.
   */
  createSnapshot(vm: Vm, request: SnapshotRequest, options?: CallOptions): Promise<Snapshot>

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
   * Puts the disks of the VM back to the snapshot and leaves the VM off. The VM is stopped hard if it runs. All
   * snapshots stay in the list. `token` names this roll back, so that {@link settleRollBack} can tell after a crash
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

  /** The command that an administrator types on the hypervisor to do the same by hand; never holds a secret. */
  byHand(vm: Vm, act: ActByHand, snapshotName: string): string

  /** Frees connections and processes. Safe twice. */
  close(): Promise<void>
}

export type ActByHand = 'create-snapshot' | 'remove-snapshot' | 'roll-back' | 'power-on'

/** See {@link Hypervisor.checkRollBack}. */
export const NEWEST_ONLY = 'newest-only'
export const NOT_NEWEST = 'not-newest'

export interface GuestAgent {
  /** Resolves when it answers. Repeatable. */
  ping(vm: Vm, options?: CallOptions): Promise<void>
  /** Freezes the guest's file systems, its hooks first; resolves when they are frozen. Not to be repeated. */
  freeze(vm: Vm, options?: CallOptions): Promise<void>
  /** Ends it, the hooks last. Idempotent. */
  thaw(vm: Vm, options?: CallOptions): Promise<void>
}

export interface Capabilities {
  /** Longest snapshot name, in characters. */
  readonly maxNameLength: number
  /** Whether a snapshot other than the newest can be rolled back to. */
  readonly rollBackToAny: boolean
  /** Whether {@link Hypervisor.watch} yields anything. */
  readonly events: boolean
}

export interface HypervisorInfo {
  readonly product: string
  readonly version: string
}

export type PowerState = 'running' | 'paused' | 'off'

export interface Vm {
  /** The name under `hypervisors:`. */
  readonly hypervisor: string
  /** What the hypervisor itself calls it by: stable over renames. */
  readonly nativeId: string
  /** For people. */
  readonly name: string
  /** SMBIOS UUID, lower case with dashes. */
  readonly uuid: string
  readonly power: PowerState
  /** Lower case, with colons; may be empty where the hypervisor does not know. */
  readonly macs: readonly string[]
  readonly disks: readonly VmDisk[]
}

export interface VmDisk {
  /** The hypervisor's name of it: `vda`, `scsi0`. */
  readonly id: string
  readonly bus: string
  /** The serial that the guest sees; undefined when none is set. */
  readonly serial?: string
  /** Position on its bus, in the order that the guest counts; undefined when unknown. */
  readonly unit?: number
  readonly sizeBytes: number
  /** True when a snapshot of the VM contains this disk. */
  readonly covered: boolean
  /** Why not, when `covered` is false. */
  readonly uncoveredReason?: string
}

export interface SnapshotRequest {
  readonly name: string
  readonly description: string
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
  /** What the hypervisor warned of while it made it; only the answer to `createSnapshot` knows. */
  readonly warnings?: readonly string[]
}

export interface VmEvent {
  /** ISO 8601 UTC, when the coordinator saw it. */
  readonly at: string
  readonly kind: 'started' | 'stopped' | 'reset' | 'paused' | 'resumed' | 'migrated' | 'snapshot' | 'other'
  readonly detail: string
}
