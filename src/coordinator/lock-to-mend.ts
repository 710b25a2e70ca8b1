import { type VmLock, vmKey } from '../catalog/catalog.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import type { JournalEvent } from '../saga/journal-event.ts'
import { readJournal } from '../saga/read-journal.ts'
import { journalPath } from './journals.ts'
import type { Ports } from './ports.ts'
import { withRecoverLock } from './recover-lock.ts'

/**
 * A restore that ended and left databases half restored keeps the VM's lock, so that nothing takes them for whole. It must not
 * keep out the restore that mends them: its lock is given away here. Its run stays open, and finds nothing to do once the
 * databases are whole. A run that works, or whose journal lies elsewhere, keeps its lock. Rejects with `run-under-way` while a
 * `recover` of this host is at work: it may be putting back what was there, and the run itself has ended.
 */
export async function giveWayToMending(ports: Ports, vm: Vm): Promise<void> {
  const { catalog } = ports
  const key = vmKey(vm)
  const lock = await lockOfHalf(ports, key)
  if (lock === undefined) return
  await withRecoverLock(ports, async () => {
    // Between the two looks a recover may have ended, or another one that mends may have had its turn.
    if ((await lockOfHalf(ports, key))?.holdId === lock.holdId) await catalog.unlockVm(key, lock.holdId)
  })
}

/** The lock that a run left which ended with databases half restored. */
async function lockOfHalf({ catalog, system, stateDirectory }: Ports, key: string): Promise<VmLock | undefined> {
  const lock = (await catalog.locks()).find(({ vmKey }) => vmKey === key)
  if (lock === undefined || lock.procedure !== RESTORE_BACKUP) return undefined
  const events = await readJournal(system.files, journalPath(stateDirectory, lock.run)).catch(() => [])
  return endedHalf(events) ? lock : undefined
}

export const RESTORE_BACKUP = 'restore-backup'

function endedHalf(events: readonly JournalEvent[]): boolean {
  const ended = events.findLast((event) => event.event === 'run-ended')
  const why = events.findLast((event) => event.event === 'undo-failed')
  return ended?.outcome === 'undo-failed' && why?.event === 'undo-failed' && why.code === 'half-restored'
}
