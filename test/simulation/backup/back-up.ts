import type { RestorePoint } from '../../../src/catalog/catalog.ts'
import { act, type Told } from '../actor.ts'
import type { Host } from '../host.ts'
import { dropBackupProcedure, finishBackupProcedure, holdForBackupProcedure } from '../procedures/backups.ts'
import { VM, type World } from '../world.ts'
import { BackupJob } from './backup-job.ts'

/** The hook's patience with the hold, and with the end of the call. */
const HOLD_LIMIT_MS = 900_000
const END_LIMIT_MS = 600_000

/**
 * A schedule of the hypervisor's backs the VM up, which is locked meanwhile; the hook calls stillshot on this host. Nothing
 * happens where somebody else has the VM locked.
 */
export async function backUp(world: World, host: Host): Promise<void> {
  const { backups, chance, clock, hypervisor, timeline } = world
  await hypervisor.lockFor(VM, async () => {
    const archive = `nas:backup/vzdump-qemu-100-${backups.jobs.length + 1}.vma`
    const job = new BackupJob({ clock, chance: chance.fork(), time: backups.time, archive })
    backups.jobs.push(job)
    timeline.say('backup', () => `of ${job.disks.length} disks begins, ${job.goesOn ? 'held or not' : 'held'}`)
    const end = await Promise.race([playPhases(world, host, job), job.killed])
    timeline.say('backup', () => end)
    job.phase = 'over'
    // A worker that was killed leaves its lock; a person takes it away.
    if (end === 'killed') await clock.sleep(chance.between(1_000, 60_000))
  })
}

async function playPhases(world: World, host: Host, job: BackupJob): Promise<'whole' | 'aborted'> {
  const { backups, chance, clock } = world
  const call = callFor(world, host, job)
  clock.sleep(HOLD_LIMIT_MS).then(() => {
    if (job.phase === 'backup-start') job.giveUp()
  })
  if (!(await job.untilHeld()) && !job.goesOn) return abort(world, host, job, call)
  job.phase = 'starting'
  await clock.sleep(chance.between(50, 3_000))
  await clock.sleep(job.troubles.startsLaterMs)
  world.onBackedUp(job.archive, job)
  await clock.sleep(chance.between(1, 200))
  job.logStarted()
  job.phase = 'writing'
  await clock.sleep(chance.pick([3_000, 15_000, 60_000]))
  if (job.troubles.archiveFails) return abort(world, host, job, call)
  job.phase = 'ending'
  backups.archives.add(job.archive)
  await Promise.race([call, clock.sleep(END_LIMIT_MS)])
  const { how } = await act(world, host, finishBackupProcedure(job))
  // A hook that fails at the end fails the job, but the archive stands.
  return how === 'done' ? 'whole' : abort(world, host, job, call)
}

/** The one call whose standard input the follower is. */
async function callFor(world: World, host: Host, job: BackupJob): Promise<void> {
  job.follow()
  job.onCallOver(pointOf(await act(world, host, holdForBackupProcedure(job)))?.id)
}

/** What the call told of as `released`: also where the guest is not as it was. */
function pointOf(told: Told): RestorePoint | undefined {
  if (told.how === 'done') return told.result as RestorePoint
  return told.how === 'failed' ? (told.error.details.point as RestorePoint | undefined) : undefined
}

async function abort(world: World, host: Host, job: BackupJob, call: Promise<void>): Promise<'aborted'> {
  job.giveUp()
  await Promise.race([call, world.clock.sleep(END_LIMIT_MS)])
  if (job.run !== undefined) await act(world, host, dropBackupProcedure(job.run))
  return 'aborted'
}
