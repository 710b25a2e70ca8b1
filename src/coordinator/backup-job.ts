import type { Vm, VmDisk } from '../hypervisor/hypervisor.ts'

/** What a hypervisor's own backup job says of itself before it begins. */
export interface BackupFacts {
  /** {@link VmDisk.id}s that the archive will hold, by the job's own list. */
  readonly disks: readonly string[]
  /** The storage that the archive goes to; undefined when it goes to a plain folder, or to nobody knows where. */
  readonly storage?: string
}

/** A backup that somebody else makes, at the other end of a line. */
export interface BackupJob {
  readonly facts: BackupFacts
  /** Everything stands still: the job may go on. `run` names the hold in everything that is said later. */
  goOn(run: string): void
  /**
   * Resolves when the job says that its point in time is over; rejects with `backup-lost` when the job was given up, or
   * when nothing more is heard from it: then nobody is left who would say so.
   */
  started(signal: AbortSignal): Promise<void>
}

/** The VM with the disks that the archive will hold: what can be in a snapshot says nothing about a backup. */
export function asBackedUp(vm: Vm, { disks }: BackupFacts): Vm {
  return { ...vm, disks: vm.disks.map((disk) => backedUp(disk, disks)) }
}

function backedUp(disk: VmDisk, included: readonly string[]): VmDisk {
  const { uncoveredReason: _, ...rest } = disk
  if (included.includes(disk.id)) return { ...rest, covered: true }
  return { ...rest, covered: false, uncoveredReason: 'the backup leaves it out (backup=0)' }
}
