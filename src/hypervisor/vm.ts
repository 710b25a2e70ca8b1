export type PowerState = 'running' | 'paused' | 'off'

export interface Vm {
  /** The name under `hypervisors:`. */
  readonly hypervisor: string
  /** What the hypervisor itself calls it by: stable over renames. */
  readonly nativeId: string
  /** For people. */
  readonly name: string
  /** SMBIOS UUID, lower case with dashes; a container’s is made from its network card (src/guest/container-identity.ts). */
  readonly uuid: string
  readonly power: PowerState
  /** Lower case, with colons; may be empty where the hypervisor does not know. */
  readonly macs: readonly string[]
  readonly disks: readonly VmDisk[]
}

/** A VM as the hypervisor lists it: what it is called, and where it stands among the others. */
export interface ListedVm {
  /** As in {@link Vm}. */
  readonly nativeId: string
  /** For people; empty where the hypervisor does not tell it in a list. */
  readonly name: string
  /** SMBIOS UUID, where the list tells it without asking for each VM. */
  readonly uuid?: string
  /** As the hypervisor writes them; one of a category is there twice, as `name` and as `category/name`. */
  readonly tags: readonly string[]
  /**
   * All tags that the credentials may see, on any VM, written as in `tags`: of another one nobody can say that the VM does not have it.
   * Undefined where whoever sees a VM sees its tags.
   */
  readonly visibleTags?: readonly string[]
  /** `production`, or `production/databases` for a pool in a pool; undefined for none. */
  readonly pool?: string
  /** Path from the root of the inventory: `/dc1/vm/databases`. */
  readonly folder?: string
  /** The machine that runs it now, or would. */
  readonly node?: string
  /** The group of machines that it may run on. */
  readonly cluster?: string
  /** What the hypervisor has of it and the credentials may not see: nobody can say that it is not there. */
  readonly hidden?: readonly Place[]
}

/** Where a VM stands. */
export type Place = 'pool' | 'folder' | 'node' | 'cluster'

export interface VmDisk {
  /** The hypervisor's name of it: `vda`, `scsi0`. */
  readonly id: string
  readonly bus: string
  /** The serial that the guest sees; undefined when none is set. */
  readonly serial?: string
  /** Position on its bus, in the order that the guest counts; undefined when unknown. */
  readonly unit?: number
  readonly sizeBytes: number
  /** Of a container, whose guest has file systems and no disks: where it has this one, and the volume’s own name, by which it may see it. */
  readonly mountPoint?: { readonly path: string; readonly volume: string }
  /** True when a snapshot of the VM contains this disk. */
  readonly covered: boolean
  /** Why not, when `covered` is false. */
  readonly uncoveredReason?: string
}
