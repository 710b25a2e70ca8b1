import type { Procedure } from './actor.ts'
import type { Host } from './host.ts'
import { holdProcedure } from './procedures/hold.ts'
import { pruneProcedure } from './procedures/prune-vm.ts'
import { recoverProcedure } from './procedures/recover-runs.ts'
import { releaseProcedure } from './procedures/release-hold.ts'
import { restoreProcedure } from './procedures/restore-snapshot.ts'
import { frozenSnapshotProcedure } from './procedures/take-frozen-snapshot.ts'
import { snapshotProcedure } from './procedures/take-snapshot.ts'
import { undoRestoreProcedure } from './procedures/undo-restore.ts'
import type { World } from './world.ts'

/** What one person, or one schedule, does: procedures one after another. */
export interface Activity {
  readonly host: Host
  readonly afterMs: number
  readonly procedures: readonly Procedure[]
}

/** What is begun with. A new procedure joins here; what is listed twice is twice as likely. */
const FIRST: readonly (readonly Procedure[])[] = [
  [snapshotProcedure],
  [snapshotProcedure],
  [snapshotProcedure, restoreProcedure],
  [frozenSnapshotProcedure, restoreProcedure],
  [holdProcedure, releaseProcedure],
  [holdProcedure],
]

/** What comes after it, or goes on beside it. */
const MORE: readonly (readonly Procedure[])[] = [
  [snapshotProcedure],
  [frozenSnapshotProcedure],
  [recoverProcedure],
  [restoreProcedure],
  [restoreProcedure, undoRestoreProcedure],
  [holdProcedure, releaseProcedure],
  [releaseProcedure],
]

/** Who does what in this world: one thing, then something else, and often somebody else beside. Where there is a past, it is pruned. */
export function choosePlan(world: World, { past }: { past: boolean }): readonly Activity[] {
  const { chance, hosts } = world
  const activities = chooseActivities(world)
  if (!past) return activities
  const prune = { host: chance.pick(hosts), afterMs: chance.between(0, 30_000), procedures: [pruneProcedure] }
  return [...activities, prune]
}

function chooseActivities({ chance, hosts }: World): readonly Activity[] {
  const procedures = [...chance.pick(FIRST), ...chance.pick(MORE)]
  const first = { host: chance.pick(hosts), afterMs: 0, procedures }
  if (chance.happens(0.5)) return [first]
  return [first, { host: chance.pick(hosts), afterMs: chance.between(0, 12_000), procedures: chance.pick(MORE) }]
}
