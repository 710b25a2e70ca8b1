import { act, type Procedure } from './actor.ts'
import { backUp } from './backup/back-up.ts'
import { takeQuiescedSnapshot } from './freezing/quiesced-snapshot.ts'
import type { Host } from './host.ts'
import { collectProcedure } from './procedures/collect-freezes.ts'
import { copyProcedure, removeCopyProcedure, renameCopy } from './procedures/copies.ts'
import { holdProcedure } from './procedures/hold.ts'
import { mendBeside } from './procedures/mend-databases.ts'
import { meddle, pruneBackupsProcedure } from './procedures/prune-backups.ts'
import { pruneProcedure } from './procedures/prune-vm.ts'
import { recoverProcedure } from './procedures/recover-runs.ts'
import { releaseProcedure } from './procedures/release-hold.ts'
import { backupProcedure, restoreSomeBackup, restoreSomeFiles } from './procedures/restore-backup.ts'
import { restoreProcedure } from './procedures/restore-snapshot.ts'
import { drillProcedure } from './procedures/run-drill.ts'
import { frozenSnapshotProcedure } from './procedures/take-frozen-snapshot.ts'
import { snapshotProcedure } from './procedures/take-snapshot.ts'
import { undoRestoreProcedure } from './procedures/undo-restore.ts'
import type { World } from './world.ts'

/** One thing that somebody does: a procedure at the command line, or a job of somebody else's that calls stillshot. */
export type Deed = (world: World, host: Host) => Promise<unknown>

/** What one person, or one schedule, does: deeds one after another. */
export interface Activity {
  readonly host: Host
  readonly afterMs: number
  readonly deeds: readonly Deed[]
}

const by =
  (procedure: Procedure): Deed =>
  (world, host) =>
    act(world, host, procedure)

const snapshot = by(snapshotProcedure)
const restore = by(restoreProcedure)
const hold = by(holdProcedure)
const release = by(releaseProcedure)
const collect = by(collectProcedure)
const drill = by(drillProcedure)
const copy = by(copyProcedure)
const removesCopy = by(removeCopyProcedure)

/** What is begun with. A new procedure joins here; what is listed twice is twice as likely. */
const FIRST: readonly (readonly Deed[])[] = [
  [snapshot],
  [snapshot],
  [snapshot, restore],
  [snapshot, drill],
  [snapshot, drill],
  [snapshot, copy],
  [by(frozenSnapshotProcedure)],
  [by(frozenSnapshotProcedure), restore],
  [hold, release],
  [hold],
  [backUp],
  [by(backupProcedure), restoreSomeBackup],
  [restoreSomeBackup, restoreSomeBackup],
  [restoreSomeFiles],
  [restoreSomeFiles, restoreSomeBackup],
  [takeQuiescedSnapshot, collect, takeQuiescedSnapshot, collect],
]

/** What comes after it, or goes on beside it. */
const MORE: readonly (readonly Deed[])[] = [
  [snapshot],
  [by(frozenSnapshotProcedure)],
  [by(recoverProcedure)],
  [restore],
  [drill],
  [drill, restore],
  [restore, by(undoRestoreProcedure)],
  [hold, release],
  [release],
  [backUp],
  [by(backupProcedure)],
  [restoreSomeBackup],
  [restoreSomeBackup, mendBeside],
  [restoreSomeFiles],
  [takeQuiescedSnapshot, collect],
  [copy],
  [copy, renameCopy, by(recoverProcedure), removesCopy],
]

/** A schedule that finds something to do again, when another backup was taken beside it. */
const PRUNES: readonly Deed[] = [meddle, by(pruneBackupsProcedure), by(backupProcedure), by(pruneBackupsProcedure)]

/** What there is before: restore points, a backup, databases that are half restored. */
export interface PlanOf {
  readonly past: boolean
  readonly backup: boolean
  readonly half: boolean
  /** Backups of the days before. */
  readonly backups: boolean
}

/** Who does what in this world: one thing, then something else, and often somebody else beside. Where there is a past, it is pruned. */
export function choosePlan(world: World, { past, backup, half, backups }: PlanOf): readonly Activity[] {
  const { chance, hosts } = world
  const activities = chooseActivities(world, { backup: backup || backups, half })
  if (backups) return [...activities, { host: chance.pick(hosts), afterMs: chance.between(0, 20_000), deeds: PRUNES }]
  if (!past) return activities
  const prune = { host: chance.pick(hosts), afterMs: chance.between(0, 30_000), deeds: [by(pruneProcedure)] }
  return [...activities, prune]
}

function chooseActivities(
  { chance, hosts }: World,
  { backup, half }: Pick<PlanOf, 'backup' | 'half'>,
): readonly Activity[] {
  const restores = half ? [mendBeside] : [restoreSomeBackup, mendBeside]
  const deeds = backup ? [...restores, ...chance.pick(MORE)] : [...chance.pick(FIRST), ...chance.pick(MORE)]
  const first = { host: chance.pick(hosts), afterMs: 0, deeds }
  if (chance.happens(0.5)) return [first]
  return [first, { host: chance.pick(hosts), afterMs: chance.between(0, 12_000), deeds: chance.pick(MORE) }]
}
