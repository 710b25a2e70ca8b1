import type { Cell } from './cell.ts'
import type { Fault } from './fault.ts'
import { clockAhead, clockBack, guestClockAhead, guestClockBack } from './faults/clock-steps.ts'
import { fullData, fullRun, fullState, fullVar } from './faults/full-disk.ts'
import { guestReset } from './faults/guest-reset.ts'
import { daemonFrozen, daemonKilled } from './faults/hypervisor-daemon.ts'
import { taskAnswerLost, taskFails, taskSlow } from './faults/hypervisor-task.ts'
import { kill9 } from './faults/kill-9.ts'
import { linkDown5s, linkDownForGood } from './faults/link-down.ts'
import { mysqlStartedByForce, mysqlStartedByUnit, mysqlWillNotStart, mysqlWillNotStop } from './faults/mysql.ts'
import { forgotten, none } from './faults/none.ts'
import { readOnlyGuest, readOnlyState } from './faults/read-only.ts'
import { secondOtherCatalog, secondSameCatalog } from './faults/second-coordinator.ts'
import { sigterm } from './faults/sigterm.ts'
import type { Procedure } from './procedure.ts'
import { drill } from './procedures/drill.ts'
import { hold } from './procedures/hold.ts'
import { prune } from './procedures/prune.ts'
import { recover } from './procedures/recover.ts'
import { release } from './procedures/release.ts'
import { restore } from './procedures/restore.ts'
import { restoreAs } from './procedures/restore-as.ts'
import { snapshot } from './procedures/snapshot.ts'
import { undoRestore } from './procedures/undo-restore.ts'

export const PROCEDURES: readonly Procedure[] = [
  ...[snapshot, restore, undoRestore, hold, release, recover, prune, drill, restoreAs],
]

export const FAULTS: readonly Fault[] = [
  ...[none, kill9, sigterm, linkDown5s, linkDownForGood, guestReset],
  ...[daemonKilled, daemonFrozen, taskFails, taskSlow, taskAnswerLost],
  ...[mysqlWillNotStop, mysqlWillNotStart, mysqlStartedByUnit, mysqlStartedByForce],
  ...[fullRun, fullVar, fullData, fullState, readOnlyGuest, readOnlyState],
  ...[guestClockAhead, guestClockBack, clockAhead, clockBack],
  ...[secondSameCatalog, secondOtherCatalog, forgotten],
]

/** What the matrix asks for and this lab cannot do, with the reason. */
export const CANNOT_RUN: Readonly<Record<string, string>> = {}

/** Every distinct cell, in the order of procedures, boundaries and faults. */
export const CELLS: readonly Cell[] = PROCEDURES.flatMap((procedure) =>
  procedure.boundaries.flatMap((boundary) =>
    FAULTS.filter(({ at }) => at[procedure.name]?.includes(boundary.name)).map((fault) => ({
      name: `${procedure.name}/${boundary.name}/${fault.name}`,
      procedure,
      boundary,
      fault,
    })),
  ),
)

/**
 * The fixed list of continuous integration: every boundary of the snapshot and every kind of fault that passes quickly; three
 * cells wait for the watchdog.
 */
export const CI_CELLS: readonly string[] = [
  'snapshot/preflight/task-fails',
  'snapshot/drain/kill-9',
  'snapshot/hold/kill-9',
  'snapshot/hold/full-state',
  'snapshot/stop/kill-9',
  'snapshot/stop/mysql-started',
  'snapshot/snapshot/kill-9',
  'snapshot/snapshot/mysql-forced',
  'snapshot/snapshot/task-answer-lost',
  'snapshot/snapshot/daemon-killed',
  'snapshot/snapshot/link-down-5s',
  'snapshot/release/kill-9',
  'snapshot/release/guest-clock-back',
  'snapshot/release/full-run',
  'snapshot/come-back/kill-9',
  'snapshot/grade/kill-9',
  'snapshot/grade/clock-ahead',
  'snapshot/after/read-only-state',
  'hold/held/forgotten',
  'release/release/sigterm',
]
