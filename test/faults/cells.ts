import type { Cell } from './cell.ts'
import type { Fault } from './fault.ts'
import { clockAhead, clockBack, guestClockAhead, guestClockBack } from './faults/clock-steps.ts'
import { fullData, fullRepository, fullRun, fullState, fullVar } from './faults/full-disk.ts'
import { guestReset } from './faults/guest-reset.ts'
import { daemonFrozen, daemonKilled } from './faults/hypervisor-daemon.ts'
import { taskAnswerLost, taskFails, taskSlow } from './faults/hypervisor-task.ts'
import { kill9 } from './faults/kill-9.ts'
import { linkDown5s, linkDownForGood } from './faults/link-down.ts'
import {
  clientKilled,
  mysqlStartedByForce,
  mysqlStartedByUnit,
  mysqlWillNotStart,
  mysqlWillNotStop,
  serverKilled,
  tableLocked,
} from './faults/mysql.ts'
import { forgotten, none } from './faults/none.ts'
import { readOnlyGuest, readOnlyState } from './faults/read-only.ts'
import { secondOtherCatalog, secondSameCatalog } from './faults/second-coordinator.ts'
import { sigterm } from './faults/sigterm.ts'
import { nodeDown5s, vzdumpKilled } from './faults/vzdump.ts'
import type { GroundName } from './ground.ts'
import type { Procedure } from './procedure.ts'
import { backup } from './procedures/backup.ts'
import { drill } from './procedures/drill.ts'
import { hold } from './procedures/hold.ts'
import { hookVzdump } from './procedures/hook-vzdump.ts'
import { prune } from './procedures/prune.ts'
import { recover } from './procedures/recover.ts'
import { release } from './procedures/release.ts'
import { restore } from './procedures/restore.ts'
import { restoreAs } from './procedures/restore-as.ts'
import { restoreBackup } from './procedures/restore-backup.ts'
import { snapshot } from './procedures/snapshot.ts'
import { undoRestore } from './procedures/undo-restore.ts'

export const PROCEDURES: readonly Procedure[] = [
  ...[snapshot, restore, undoRestore, hold, release, recover, prune, drill, restoreAs, backup, restoreBackup],
  hookVzdump,
]

export const FAULTS: readonly Fault[] = [
  ...[none, kill9, sigterm, linkDown5s, linkDownForGood, guestReset],
  ...[daemonKilled, daemonFrozen, taskFails, taskSlow, taskAnswerLost],
  ...[mysqlWillNotStop, mysqlWillNotStart, mysqlStartedByUnit, mysqlStartedByForce],
  ...[clientKilled, serverKilled, tableLocked],
  ...[fullRun, fullVar, fullData, fullState, fullRepository, readOnlyGuest, readOnlyState],
  ...[guestClockAhead, guestClockBack, clockAhead, clockBack],
  ...[secondSameCatalog, secondOtherCatalog, forgotten, nodeDown5s, vzdumpKilled],
]

/** What the matrix asks for and this lab cannot do, with the reason. */
export const CANNOT_RUN: Readonly<Record<string, string>> = {}

/**
 * Boundaries at which the hypervisor itself is at work, or a machine beside the guest: what is half done there is libvirt's own, and
 * no stand-in's.
 */
const AT_LIBVIRT: readonly string[] = [
  ...['snapshot/snapshot', 'restore/roll-back', 'restore/boot', 'undo-restore/roll-back', 'undo-restore/boot'],
  ...['recover/tidied', 'prune/remove', 'drill/clone', 'drill/boot', 'drill/remove'],
  ...['restore-as/clone', 'restore-as/keep', 'restore-as/boot'],
]

/** So that each of these faults is met by an emulated guest, too, whose server is slow. */
const ON_LIBVIRT: readonly string[] = [
  ...['snapshot/hold/mysql-will-not-stop', 'snapshot/hold/mysql-will-not-start', 'hold/held/forgotten'],
]

/** A native guest unless libvirt, or the emulated machine, is what the cell is about. */
function groundOf(procedure: Procedure, boundary: string, fault: Fault): GroundName {
  const at = `${procedure.name}/${boundary}`
  if (procedure.ground !== undefined) return procedure.ground
  const needsLibvirt = AT_LIBVIRT.includes(at) || ON_LIBVIRT.includes(`${at}/${fault.name}`)
  return fault.ground ?? (needsLibvirt ? 'libvirt' : 'native')
}

/** Every distinct cell, in the order of procedures, boundaries and faults. */
export const CELLS: readonly Cell[] = PROCEDURES.flatMap((procedure) =>
  procedure.boundaries.flatMap((boundary) =>
    FAULTS.filter(({ at }) => at[procedure.name]?.includes(boundary.name)).map((fault) => ({
      name: `${procedure.name}/${boundary.name}/${fault.name}`,
      procedure,
      boundary,
      fault,
      ground: groundOf(procedure, boundary.name, fault),
    })),
  ),
)

/**
 * The fixed list of continuous integration: every boundary of the snapshot and every kind of fault that passes quickly. On libvirt what
 * it or its machine is needed for, and one cell of each kind; the watchdog of an emulated guest is waited for twice.
 */
export const CI_CELLS: readonly string[] = [
  ...['snapshot/preflight/task-fails', 'snapshot/snapshot/task-answer-lost', 'snapshot/snapshot/daemon-killed'],
  ...['snapshot/snapshot/kill-9', 'snapshot/snapshot/sigterm', 'snapshot/snapshot/link-down-5s'],
  ...['snapshot/snapshot/mysql-forced', 'snapshot/snapshot/full-state', 'snapshot/release/guest-clock-back'],
  'hold/held/forgotten',
  // From here on natively.
  ...['snapshot/drain/kill-9', 'snapshot/hold/kill-9', 'snapshot/hold/full-state', 'snapshot/stop/kill-9'],
  ...['snapshot/stop/mysql-started', 'snapshot/release/kill-9', 'snapshot/release/full-run'],
  ...['snapshot/come-back/kill-9', 'snapshot/grade/kill-9', 'snapshot/grade/clock-ahead'],
  ...['snapshot/after/read-only-state', 'release/release/sigterm'],
  ...['restore/hold/sigterm', 'restore/fence/sigterm', 'undo-restore/hold/kill-9'],
  ...['backup/dump/kill-9', 'backup/dump/sigterm', 'backup/dump/link-down-5s', 'backup/dump/client-killed'],
  ...['backup/dump/full-repository', 'backup/dump/full-var', 'backup/dump/second-other-catalog', 'backup/list/kill-9'],
  ...['restore-backup/hold/kill-9', 'restore-backup/safety-dump/kill-9', 'restore-backup/load/kill-9'],
  ...['restore-backup/load/sigterm', 'restore-backup/load/link-down-5s', 'restore-backup/load/client-killed'],
  ...['restore-backup/load/full-state', 'restore-backup/load/guest-reset', 'restore-backup/release/kill-9'],
]
