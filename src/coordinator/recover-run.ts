import { toStillshotError } from '../errors.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import { type CarriedOut, carryOutUndos } from '../saga/carry-out-undos.ts'
import { Journal } from '../saga/journal.ts'
import { type JournalEvent, type OpenUndo, openUndos } from '../saga/journal-event.ts'
import { readJournal } from '../saga/read-journal.ts'
import { formatInstant } from '../system/instant.ts'
import type { OpenVm, RecoverWorld, SettledRun } from './recover-world.ts'
import { failureText, openHelper } from './run.ts'
import { undoActions } from './undo-actions.ts'

/** A run whose process is dead, or that said itself that something is still open. */
export interface CrashedRun {
  readonly run: string
  readonly vm: string
  readonly procedure: string
  readonly path: string
  readonly begunAt: string
  readonly events: readonly JournalEvent[]
}

/** Brings the database back, before anything is tidied in any run. What fails is tried again by {@link takeBack}. */
export async function takeBackUrgent(open: OpenVm, world: RecoverWorld, run: CrashedRun): Promise<void> {
  const urgent = openUndos(run.events).filter(({ undo }) => undo.urgent)
  if (urgent.length > 0) await withJournal(open, world, run, (carryOut) => carryOut(urgent))
}

/** Takes back whatever the run left open, and ends it. Never rejects. */
export async function takeBack(open: OpenVm, world: RecoverWorld, run: CrashedRun): Promise<SettledRun> {
  const { vm, procedure } = run
  world.progress.phase({ vm, phase: 'recover', state: 'begun', detail: `${procedure} ${run.run}` })
  const events = await readAgain(world, run)
  const due = openUndos(events)
  const { failures, notes } = await withJournal(open, world, run, async (carryOut, journal) => {
    const carriedOut = await carryOut(due)
    const outcome = carriedOut.failures.length > 0 ? 'undo-failed' : 'recovered'
    const at = formatInstant(world.system.clock.now())
    await attempt(world, () => journal.write([{ event: 'run-ended', at, outcome }], { durable: true }))
    return carriedOut
  })
  const outcome = failures.length > 0 ? 'undo-failed' : 'recovered'
  await attempt(world, () => record(world, run, outcome))
  world.progress.phase({ vm, phase: 'recover', state: failures.length > 0 ? 'failed' : 'done' })
  return {
    run: run.run,
    vm,
    procedure,
    outcome,
    open: failures.map(failureText),
    notes: [...toldSince(events, run), ...notes],
  }
}

/** What the urgent undos had to tell, which were carried out before. */
function toldSince(events: readonly JournalEvent[], run: CrashedRun): readonly string[] {
  return events
    .slice(run.events.length)
    .flatMap((event) => (event.event === 'undone' && event.note !== undefined ? [event.note] : []))
}

type CarryOut = (undos: readonly OpenUndo[]) => Promise<CarriedOut>

async function withJournal(
  open: OpenVm,
  world: RecoverWorld,
  { vm, path, events }: CrashedRun,
  work: (carryOut: CarryOut, journal: Journal) => Promise<CarriedOut>,
): Promise<CarriedOut> {
  const { clock, files } = world.system
  let helper: GuestHelper | undefined
  const journal = await Journal.reopenOrMute(files, path)
  try {
    const { ports, settings } = await open(vm)
    helper = openHelper(ports, settings)
    const actions = undoActions({ ports, settings, helper })
    return await work((undos) => carryOutUndos({ clock, log: world.log, journal, actions }, undos), journal)
  } catch (thrown) {
    const { code, message } = toStillshotError(thrown)
    const failures = openUndos(events).map(({ step, undo }) => ({ step, action: undo.action, code, message }))
    return { failures, notes: failures.length === 0 ? [message] : [] }
  } finally {
    await journal.close()
    await helper?.close()
  }
}

async function readAgain({ system }: RecoverWorld, { path, events }: CrashedRun): Promise<readonly JournalEvent[]> {
  try {
    return await readJournal(system.files, path)
  } catch {
    return events
  }
}

/** The record that the run itself wrote, if it did, keeps its error and its point. */
async function record(
  { catalog, system }: RecoverWorld,
  run: CrashedRun,
  outcome: 'recovered' | 'undo-failed',
): Promise<void> {
  const { run: id, procedure, vm, begunAt: startedAt } = run
  const earlier = (await catalog.runs({ vm })).find((candidate) => candidate.id === id)
  const endedAt = formatInstant(system.clock.now())
  await catalog.saveRun({ id, procedure, vm, startedAt, ...earlier, endedAt, outcome })
}

/** Writing down is worth a try; what was done counts without it. */
async function attempt({ log }: RecoverWorld, write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (thrown) {
    log.error('what was recovered could not be written down', { message: toStillshotError(thrown).message })
  }
}
