import type { Finding } from '../finding.ts'
import type { CallOptions } from '../system/clock.ts'
import type { Vm } from './vm.ts'

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

  /** The whole copy of this VM with this name; undefined for none, half of one, and for a VM without our mark. Repeatable. */
  find(vm: Vm, name: string, options?: CallOptions): Promise<Vm | undefined>

  /**
   * Stops the copy hard and removes it with its disks, also one that is half made; the VM and its snapshots stay.
   * Idempotent: a missing one resolves. `hypervisor-refused` for anything that does not carry our mark with this source.
   */
  remove(vm: Vm, name: string, options?: CallOptions): Promise<void>
}

export interface CloneRequest {
  readonly snapshotName: string
  /** `stillshot-<ulid>`: no VM has it yet. */
  readonly name: string
  /** Memory of the copy; that of the VM unless given, and never more. */
  readonly memoryBytes?: number
}
