import type { RestorePoint, RunRecord } from '../catalog/catalog.ts'
import { StillshotError } from '../errors.ts'
import type { JournalEvent } from '../saga/journal-event.ts'
import { readJournal } from '../saga/read-journal.ts'
import { parseInstant } from '../system/instant.ts'
import { journalPath, runOfJournal } from './journals.ts'
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
  const [last] = await restores(ports, name)
  if (last === undefined) throw nothingToUndo(`${name} has no restore to undo`)
  const own = safety.find((point) => point.run === last.id)
  if (last.procedure === UNDO_RESTORE) throw undone(name, last, own)
  if (own === undefined) {
    throw nothingToUndo(`restore ${last.id} of ${name} has no safety point: none was taken, or it was removed`)
  }
  if (own.id === (expected ?? own.id)) return own
  throw nothingToUndo(`${expected} is no longer the safety point of the last restore of ${name}: that is ${own.id}`)
}

/** Runs that put the VM's disks back, the last one first. When they began says nothing: each may have waited for another one. */
async function restores(ports: Ports, vm: string): Promise<readonly RunRecord[]> {
  const runs = [...(await ports.catalog.runs({ vm })), ...(await unrecorded(ports, vm))]
  const found: { run: RunRecord; at: string }[] = []
  for (const run of runs.filter(({ procedure }) => [RESTORE, UNDO_RESTORE].includes(procedure))) {
    const at = await putBackAt(ports, run)
    if (at !== undefined) found.push({ run, at })
  }
  return found.toSorted((a, b) => parseInstant(b.at) - parseInstant(a.at)).map(({ run }) => run)
}

/** Runs that the catalog does not know: it lost them, or they gave the VM back just now and are written down next. */
async function unrecorded({ system, stateDirectory, catalog }: Ports, vm: string): Promise<readonly RunRecord[]> {
  const recorded = new Set((await catalog.runs()).map(({ id }) => id))
  const found: RunRecord[] = []
  for (const name of await system.files.list(`${stateDirectory}/runs`)) {
    const id = runOfJournal(name)
    if (id === undefined || recorded.has(id)) continue
    const [begun] = await readJournal(system.files, journalPath(stateDirectory, id)).catch(() => [])
    if (begun?.event !== 'run-begun' || begun.vm !== vm) continue
    found.push({ id, procedure: begun.procedure, vm, startedAt: begun.at })
  }
  return found
}

/** When a run had put the disks back, by its journal. Where that is gone, it is taken for one that did, and its end for the time. */
async function putBackAt({ system, stateDirectory }: Ports, run: RunRecord): Promise<string | undefined> {
  const endedAt = run.endedAt ?? run.startedAt
  try {
    const events = await readJournal(system.files, journalPath(stateDirectory, run.id))
    return events.find(isPutBack)?.at ?? (run.outcome === 'done' ? endedAt : undefined)
  } catch {
    return endedAt
  }
}

function isPutBack(event: JournalEvent): boolean {
  if (event.event === 'run-begun' || event.event === 'run-ended' || event.step !== 'roll-back') return false
  return event.event === 'done' || (event.event === 'undone' && event.note !== undefined)
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
