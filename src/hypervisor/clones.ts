import type { Finding } from '../finding.ts'
import type { CallOptions } from '../system/clock.ts'
import type { PowerState, Vm } from './vm.ts'

/**
 * The part of the port that makes copies of a VM as its disks were at a snapshot. A copy lies beside its VM, has an
 * identity of its own (native id, SMBIOS UUID), no network card that is connected, and a mark of ours that names its
 * source. What it writes is its own: VM and snapshot stay as they are. `powerOn`, `power` and `guestAgent` of the
 * hypervisor work on it.
 */
export interface Clones {
  /** Whether the copy can be made now (storage that can, space, memory); changes nothing. `snapshot-not-found`. Repeatable. */
  check(vm: Vm, request: CloneRequest, options?: CallOptions): Promise<readonly Finding[]>

  /**
   * Makes the copy, powered off, and resolves when it is whole. NEVER repeated by a caller: after `answer-lost` look for
   * it with {@link find}. `snapshot-not-found`; `hypervisor-refused` when there is a VM of this name already.
   */
  create(vm: Vm, request: CloneRequest, options?: CallOptions): Promise<void>

  /**
   * The whole copy that was made under this name and is not kept; undefined for none, half of one, and for a VM without our
   * mark. Repeatable.
   */
  find(vm: Vm, name: string, options?: CallOptions): Promise<Vm | undefined>

  /**
   * Stops the copy hard and removes it with its disks, also one that is half made; the VM and its snapshots stay.
   * Idempotent: a missing one resolves, and so does one that is kept, which stays. `hypervisor-refused` for anything that does
   * not carry our mark with this source.
   */
  remove(vm: Vm, name: string, options?: CallOptions): Promise<void>

  /**
   * Makes a whole copy that is off one that stays, called `as` from then on; its mark says that last. Idempotent: the same again is
   * the same, so that a lost answer may be followed by another call. `hypervisor-refused` when there is no such copy, or a VM of
   * that name.
   */
  keep(vm: Vm, name: string, as: string, options?: CallOptions): Promise<void>

  /**
   * Every copy of a VM of this hypervisor that is kept, whatever it is called by now, also where its VM is gone. A VM that
   * somebody made out of a copy is none. Rejects rather than leaving out what could not be read. Repeatable.
   */
  listKept(options?: CallOptions): Promise<readonly KeptCopy[]>

  /**
   * Stops a kept copy hard and removes it with its disks. Idempotent: a missing one resolves. `hypervisor-refused` for a VM that
   * is not this kept copy.
   */
  removeKept(copy: KeptCopy, options?: CallOptions): Promise<void>

  /** What keeps the VM as it is now from being copied at any snapshot, disk by disk with what to do; changes nothing. Repeatable. */
  checkStorage(vm: Vm, options?: CallOptions): Promise<readonly Finding[]>

  /** How an administrator gets at a kept copy, for which there is no network: one line for a shell, as `byHand` gives them. */
  reach(copy: KeptCopy): string
}

/** A copy that stays until somebody removes it by name. */
export interface KeptCopy {
  /** The name under which it was made: `stillshot-<ulid>`, of the run that made it. */
  readonly id: string
  readonly nativeId: string
  /** As it is called now. */
  readonly name: string
  /** Native id of its VM. */
  readonly source: string
  /** Its VM's SMBIOS UUID, where a native id may be given to another VM later. */
  readonly sourceUuid?: string
  readonly snapshotName: string
  readonly power: PowerState
}

export interface CloneRequest {
  readonly snapshotName: string
  /** `stillshot-<ulid>`: no VM has it yet. */
  readonly name: string
  /** How it will be called once it is kept: `check` refuses a name that a VM has, or that the hypervisor does not take. */
  readonly as?: string
  /** Memory of the copy; that of the VM unless given, and never more. */
  readonly memoryBytes?: number
}
