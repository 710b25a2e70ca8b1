import type { Procedure } from './actor.ts'
import type { Host } from './host.ts'
import { holdProcedure } from './procedures/hold.ts'
import { recoverProcedure } from './procedures/recover-runs.ts'
import { releaseProcedure } from './procedures/release-hold.ts'
import { restoreProcedure } from './procedures/restore-snapshot.ts'
import { snapshotProcedure } from './procedures/take-snapshot.ts'
import type { World } from './world.ts'

/** What one person, or one schedule, does: procedures one after another. */
export interface Activity {
  readonly host: Host
  readonly afterMs: number
  readonly procedures: readonly Procedure[]
}

/** A new procedure joins here. What is listed twice is twice as likely. */
const MAIN: readonly (readonly Procedure[])[] = [
  [snapshotProcedure],
  [snapshotProcedure],
  [snapshotProcedure],
  [snapshotProcedure, snapshotProcedure],
  [snapshotProcedure, restoreProcedure],
  [snapshotProcedure, restoreProcedure],
  [holdProcedure, releaseProcedure],
  [holdProcedure],
]

const BESIDE: readonly (readonly Procedure[])[] = [
  [],
  [snapshotProcedure],
  [recoverProcedure],
  [restoreProcedure],
  [holdProcedure, releaseProcedure],
]

/** Who does what in this world: one at least, and often somebody else beside. */
export function choosePlan({ chance, hosts }: World): readonly Activity[] {
  const main = { host: chance.pick(hosts), afterMs: 0, procedures: chance.pick(MAIN) }
  const beside = { host: chance.pick(hosts), afterMs: chance.between(0, 8_000), procedures: chance.pick(BESIDE) }
  return beside.procedures.length === 0 ? [main] : [main, beside]
}
