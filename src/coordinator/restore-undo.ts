import type { RestorePoint, RunRecord } from '../catalog/catalog.ts'
import { StillshotError } from '../errors.ts'
import { readJournal } from '../saga/read-journal.ts'
import { journalPath } from './journals.ts'
import type { Ports, VmSettings } from './ports.ts'

export const RESTORE = 'restore'
export const UNDO_RESTORE = 'undo-restore'

/**
 * The safety point of the VM's last restore, whatever came of that restore once the disks were put back. Rejects with
 * `point-not-found` and the reason: there was no restore, it took no safety snapshot, it is undone already, or its safety point is
 * not the one that was expected.
 */
export async function lastSafetyPoint(
  ports: Ports,
  { name }: VmSettings,
  expected: string | undefined,
): Promise<RestorePoint> {
  const safety = (await ports.catalog.points({ vm: name })).filter(({ kind }) => kind === 'safety')
  for (const run of await ports.catalog.runs({ vm: name })) {
    if (run.procedure !== RESTORE && run.procedure !== UNDO_RESTORE) continue
    if (!(await putDisksBack(ports, run))) continue
    const own = safety.find((point) => point.run === run.id)
    if (run.procedure === UNDO_RESTORE) throw undone(name, run, own)
    if (own !== undefined && own.id !== (expected ?? own.id)) {
      throw nothingToUndo(`${expected} is no longer the safety point of the last restore of ${name}: that is ${own.id}`)
    }
    if (own !== undefined) return own
    throw nothingToUndo(`restore ${run.id} of ${name} has no safety point: none was taken, or it was removed`)
  }
  throw nothingToUndo(`${name} has no restore to undo`)
}

/** A run that ended well did. Of another one its journal knows; where that is gone, it is taken for one that did. */
async function putDisksBack({ system, stateDirectory }: Ports, { id, outcome }: RunRecord): Promise<boolean> {
  if (outcome === 'done') return true
  try {
    const events = await readJournal(system.files, journalPath(stateDirectory, id))
    return events.some(
      (event) =>
        (event.event === 'done' && event.step === 'roll-back') ||
        (event.event === 'undone' && event.step === 'roll-back' && event.note !== undefined),
    )
  } catch {
    return true
  }
}

function undone(vm: string, { id, startedAt }: RunRecord, safety: RestorePoint | undefined): StillshotError {
  const hint =
    safety === undefined
      ? '`stillshot list` shows the restore points'
      : `\`stillshot restore ${vm} --point ${safety.id}\` goes to what was there before that`
  return nothingToUndo(`the last restore of ${vm} is undone already, by run ${id} of ${startedAt}`, hint)
}

function nothingToUndo(message: string, hint = '`stillshot list` shows what can be gone back to'): StillshotError {
  return new StillshotError('point-not-found', message, { hint })
}
