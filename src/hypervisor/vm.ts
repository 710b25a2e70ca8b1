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
