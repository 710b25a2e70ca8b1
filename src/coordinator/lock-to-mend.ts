import { vmKey } from '../catalog/catalog.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import type { JournalEvent } from '../saga/journal-event.ts'
import { readJournal } from '../saga/read-journal.ts'
import { journalPath } from './journals.ts'
import type { Ports } from './ports.ts'

/**
 * A restore that ended and left databases half restored keeps the VM's lock, so that nothing takes them for whole. It must not
 * keep out the restore that mends them: its lock is given away here. Its run stays open, and finds nothing to do once the
 * databases are whole. A run that works, or whose journal lies elsewhere, keeps its lock.
 */
export async function giveWayToMending({ catalog, system, stateDirectory }: Ports, vm: Vm): Promise<void> {
  const key = vmKey(vm)
  const lock = (await catalog.locks()).find((candidate) => candidate.vmKey === key)
  if (lock === undefined || lock.procedure !== RESTORE_BACKUP) return
  const events = await readJournal(system.files, journalPath(stateDirectory, lock.run)).catch(() => [])
  if (endedHalf(events)) await catalog.unlockVm(key, lock.holdId)
}

export const RESTORE_BACKUP = 'restore-backup'

function endedHalf(events: readonly JournalEvent[]): boolean {
  const ended = events.findLast((event) => event.event === 'run-ended')
  const why = events.findLast((event) => event.event === 'undo-failed')
  return ended?.outcome === 'undo-failed' && why?.event === 'undo-failed' && why.code === 'half-restored'
}
