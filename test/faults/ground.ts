import type { HypervisorEntry } from '../labs/cli-on-hypervisor.ts'
import type { CommandResult } from '../labs/command.ts'
import type { GuestUnderTest } from '../labs/guest-under-test.ts'

/**
 * `libvirt`: an emulated machine of a real libvirt. `native`: the same operating system, run by this machine's own kernel behind a
 * stand-in of Proxmox VE; ready in seconds, and where a cell is about the guest and stillshot alone.
 */
export type GroundName = 'libvirt' | 'native'

export interface GroundSnapshot {
  readonly name: string
  /** Everything that the hypervisor keeps of it, as text: its description is in it. */
  readonly text: string
}

export interface GroundCopy {
  readonly name: string
  /** It is to stay, as the hypervisor keeps it. */
  readonly kept: boolean
}

/** What a scene stands on: a guest, and its hypervisor looked at behind stillshot's back. One file each in grounds/. */
export interface Ground {
  readonly name: GroundName
  readonly guest: GuestUnderTest
  /** How a configuration reaches the hypervisor and the guest in it. */
  readonly entry: HypervisorEntry
  /** The shortest time to live of a hold that a run without faults fits into. */
  readonly shortestTtlMs: number
  /** The file to which the observer in the guest speaks, from now on and after every boot. */
  observer(): Promise<string>
  /** Runs a line for root's shell in the guest, without its network where the ground can. */
  inside(command: string): Promise<CommandResult>
  /** Oldest first; others' too. */
  snapshots(): Promise<readonly GroundSnapshot[]>
  /** When the disks were as this snapshot has them, by this process's clock; undefined where nothing of it is there. */
  pointInTimeMs(snapshot: string): Promise<number | undefined>
  /** Copies that stillshot made of the guest. */
  copies(): Promise<readonly GroundCopy[]>
  /** Takes every snapshot and copy away; false when the guest is not as it was before them. */
  clean(): Promise<boolean>
  /** Sets the guest's clock right again, where that can be wrong. */
  setClock(): Promise<void>
  /** The guest with everything of it. Safe twice. */
  destroy(): Promise<void>
}
