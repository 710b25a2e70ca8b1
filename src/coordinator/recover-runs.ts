import { toStillshotError } from '../errors.ts'
import { isSettled, type JournalEvent } from '../saga/journal-event.ts'
import { readJournal } from '../saga/read-journal.ts'
import { journalPath, runOfJournal } from './journals.ts'
import { lockAgain } from './lock-again.ts'
import { type SettledHold, settleHolds } from './recover-holds.ts'
import { type LateSnapshot, removeLateSnapshots, type TakenBack, takenBackIn } from './recover-late-snapshots.ts'
import { withRecoverLock } from './recover-lock.ts'
import { type BrokenLock, breakLocks } from './recover-locks.ts'
import { type CrashedRun, takeBack, takeBackUrgent } from './recover-run.ts'
import type { OpenVm, RecoverWorld, SettledRun } from './recover-world.ts'

export interface RecoverReport {
  readonly version: 1
  readonly settled: readonly SettledRun[]
  readonly holds: readonly SettledHold[]
  readonly locks: readonly BrokenLock[]
  readonly snapshots: readonly LateSnapshot[]
}

/**
 * Settles what a crash left: every run whose process is dead is taken back from its journal, the databases of all of
 * them first; then holds that nobody will release, locks that nobody owns, snapshots that came after they had been taken
 * back. Idempotent; a run that lives is left alone. Rejects with `run-under-way` while another process recovers.
 */
export function recoverRuns(
  open: OpenVm,
  world: RecoverWorld,
  { signal }: { signal: AbortSignal },
): Promise<RecoverReport> {
  return withRecoverLock(world, async () => {
    const looked = await lookAtRuns(world)
    const takenBack = looked.flatMap((run) => ('takenBack' in run ? run.takenBack : []))
    const settled: SettledRun[] = looked.filter((run): run is SettledRun => 'outcome' in run)
    const crashed: CrashedRun[] = []
    for (const run of looked.filter((each): each is CrashedRun => 'events' in each)) {
      const left = await lockAgain(world, run)
      if (left === undefined) crashed.push(run)
      else settled.push(left)
    }
    for (const run of crashed) await takeBackUrgent(open, world, run)
    for (const run of crashed) {
      signal.throwIfAborted()
      settled.push(await takeBack(open, world, run))
    }
    const holds = await settleHolds(open, world, { signal })
    const locks = await breakLocks(open, world, { signal })
    const snapshots = await removeLateSnapshots(open, world, takenBack, { signal })
    return { version: 1, settled, holds, locks, snapshots }
  })
}

/** A run of which nothing is open, and the snapshots that it has taken back. */
interface FinishedRun {
  readonly takenBack: readonly TakenBack[]
}

type LookedAt = SettledRun | CrashedRun | FinishedRun

async function lookAtRuns(world: RecoverWorld): Promise<readonly LookedAt[]> {
  const found: LookedAt[] = []
  for (const name of await world.system.files.list(`${world.stateDirectory}/runs`)) {
    const run = runOfJournal(name)
    const looked = run === undefined ? undefined : await lookAtRun(world, run)
    if (looked !== undefined) found.push(looked)
  }
  return found
}

/** Undefined for a run that had not begun to act. */
async function lookAtRun(world: RecoverWorld, run: string): Promise<LookedAt | undefined> {
  const path = journalPath(world.stateDirectory, run)
  let events: readonly JournalEvent[]
  try {
    events = await readJournal(world.system.files, path)
  } catch (thrown) {
    return { run, vm: '', procedure: '', outcome: 'unreadable', open: [toStillshotError(thrown).message] }
  }
  const begun = events[0]
  if (begun?.event !== 'run-begun') return undefined
  const { vm, procedure, owner } = begun
  if (isSettled(events)) return { takenBack: takenBackIn(run, vm, events) }
  const state = await world.system.processes.state(owner)
  // A run that ended `undo-failed` has said so: its process no longer works on it, alive or not.
  const ended = events.some(({ event }) => event === 'run-ended')
  if (state === 'alive' && !ended) return { run, vm, procedure, outcome: 'under-way', open: [] }
  if (state === 'unknown') return { run, vm, procedure, outcome: 'elsewhere', open: [`it ran on ${owner.host}`] }
  return { run, vm, procedure, path, begunAt: begun.at, events }
}
