import { toStillshotError } from '../errors.ts'
import { carryOutUndos, type FailedUndo } from '../saga/carry-out-undos.ts'
import { Journal } from '../saga/journal.ts'
import { isSettled, type JournalEvent, openUndos } from '../saga/journal-event.ts'
import { readJournal } from '../saga/read-journal.ts'
import { formatInstant } from '../system/instant.ts'
import { journalPath, runOfJournal } from './journals.ts'
import { type SettledHold, settleHolds } from './recover-holds.ts'
import { type BrokenLock, breakLocks } from './recover-locks.ts'
import type { OpenVm, RecoverWorld } from './recover-world.ts'
import { openHelper } from './run.ts'
import { undoActions } from './undo-actions.ts'

export interface SettledRun {
  readonly run: string
  readonly vm: string
  readonly procedure: string
  /** `under-way`: its process lives; `elsewhere`: it ran on another host, which must recover it. */
  readonly outcome: 'recovered' | 'undo-failed' | 'under-way' | 'elsewhere' | 'unreadable'
  /** What is still open, for a person. */
  readonly open: readonly string[]
}

export interface RecoverReport {
  readonly version: 1
  readonly settled: readonly SettledRun[]
  readonly holds: readonly SettledHold[]
  readonly locks: readonly BrokenLock[]
}

/**
 * Settles what a crash left: every run whose process is dead is taken back from its journal, the database first; then
 * holds that nobody will release, then locks that nobody owns. Idempotent; a run that lives is left alone.
 */
export async function recoverRuns(
  open: OpenVm,
  world: RecoverWorld,
  { signal }: { signal: AbortSignal },
): Promise<RecoverReport> {
  const settled: SettledRun[] = []
  for (const name of await world.system.files.list(`${world.stateDirectory}/runs`)) {
    const run = runOfJournal(name)
    if (run === undefined) continue
    signal.throwIfAborted()
    const result = await settleRun(open, world, run)
    if (result !== undefined) settled.push(result)
  }
  const holds = await settleHolds(open, world, { signal })
  const locks = await breakLocks(open, world, { signal })
  return { version: 1, settled, holds, locks }
}

async function settleRun(open: OpenVm, world: RecoverWorld, run: string): Promise<SettledRun | undefined> {
  const path = journalPath(world.stateDirectory, run)
  let events: readonly JournalEvent[]
  try {
    events = await readJournal(world.system.files, path)
  } catch (thrown) {
    return { run, vm: '', procedure: '', outcome: 'unreadable', open: [toStillshotError(thrown).message] }
  }
  const begun = events[0]
  if (begun?.event !== 'run-begun' || isSettled(events)) return undefined
  const { vm, procedure, owner } = begun
  const state = await world.system.processes.state(owner)
  // A run that ended `undo-failed` has said so: its process no longer works on it, alive or not.
  const ended = events.some(({ event }) => event === 'run-ended')
  if (state === 'alive' && !ended) return { run, vm, procedure, outcome: 'under-way', open: [] }
  if (state === 'unknown') return { run, vm, procedure, outcome: 'elsewhere', open: [`it ran on ${owner.host}`] }
  world.progress.phase({ vm, phase: 'recover', state: 'begun', detail: `${procedure} ${run}` })
  const failures = await takeBack(open, world, vm, { path, events })
  const outcome = failures.length > 0 ? 'undo-failed' : 'recovered'
  world.progress.phase({ vm, phase: 'recover', state: failures.length > 0 ? 'failed' : 'done' })
  return { run, vm, procedure, outcome, open: failures.map(({ action, message }) => `${action}: ${message}`) }
}

async function takeBack(
  open: OpenVm,
  world: RecoverWorld,
  vm: string,
  { path, events }: { path: string; events: readonly JournalEvent[] },
): Promise<readonly FailedUndo[]> {
  const { clock, files } = world.system
  const due = openUndos(events)
  let opened: Awaited<ReturnType<OpenVm>>
  let journal: Journal
  try {
    opened = await open(vm)
    journal = await Journal.reopen(files, path)
  } catch (thrown) {
    const { code, message } = toStillshotError(thrown)
    return due.length > 0 ? due.map(({ step, undo }) => ({ step, action: undo.action, code, message })) : []
  }
  const helper = openHelper(opened.ports, opened.settings)
  const actions = undoActions({ ...opened, helper })
  const failures = await carryOutUndos({ clock, log: world.log, journal, actions }, due)
  const outcome = failures.length > 0 ? 'undo-failed' : 'recovered'
  await journal.write([{ event: 'run-ended', at: formatInstant(clock.now()), outcome }], { durable: true })
  await journal.close()
  await helper.close()
  const [begun] = events
  if (begun?.event === 'run-begun') {
    const { run: id, procedure, at: startedAt } = begun
    await world.catalog.saveRun({ id, procedure, vm, startedAt, endedAt: formatInstant(clock.now()), outcome })
  }
  return failures
}
