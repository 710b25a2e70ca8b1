import type { BackupJob } from '../backup/backup-job.ts'
import type { Trouble } from '../trouble.ts'
import type { World } from '../world.ts'

/** Happens to the backup that is under way; `when` says whether this is its time. */
function toTheJob(
  name: string,
  strike: (job: BackupJob, world: World) => unknown,
  when = (_: BackupJob) => true,
): Trouble {
  return {
    name,
    strike(world) {
      const { job } = world.backups
      if (job === undefined || !when(job)) return false
      strike(job, world)
      return true
    },
  }
}

const silent = toTheJob('line of the backup silent', async ({ line }, { chance, clock }) => {
  line.silent = true
  await clock.sleep(chance.between(1_000, 30_000))
  line.silent = false
})

const HOUR_MS = 3_600_000

const clockSteps = toTheJob('clock of the hypervisor’s host stepped', (_, { backups, chance }) => {
  backups.wallOffsetMs += chance.pick([-HOUR_MS, HOUR_MS, -3_000])
})

const slowStart = toTheJob(
  'backup slow to start',
  ({ troubles }, { chance }) => {
    troubles.startsLaterMs = chance.pick([5_000, 30_000, 100_000])
  },
  ({ hasStarted }) => !hasStarted,
)

export const backupTroubles: readonly Trouble[] = [
  toTheJob('backup job killed', (job) => job.kill()),
  toTheJob(
    'hook of the backup killed',
    (job) => job.giveUp(),
    ({ phase }) => phase === 'backup-start',
  ),
  toTheJob('follower of the backup killed', (job) => job.killFollower()),
  silent,
  slowStart,
  slowStart,
  toTheJob('archive fails', ({ troubles }) => {
    troubles.archiveFails = true
  }),
  toTheJob('log of the backup without times', ({ troubles }) => {
    troubles.logLost = true
  }),
  clockSteps,
]
