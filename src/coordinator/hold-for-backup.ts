import type { RestorePoint } from '../catalog/catalog.ts'
import { StillshotError, toStillshotError } from '../errors.ts'
import type { HoldAnswer } from '../guest/protocol/answers.ts'
import { DeadlineExceeded } from '../system/clock.ts'
import { formatInstant } from '../system/instant.ts'
import { asBackedUp, type BackupJob } from './backup-job.ts'
import { WATCHDOG_MARGIN_MS } from './forecast.ts'
import { drain, releaseHold } from './guest-steps.ts'
import { phase } from './phase.ts'
import type { Phase, Ports, VmSettings } from './ports.ts'
import { lookAhead, passed } from './preflight.ts'
import { beginRun, endRun, failRun, lockVm } from './run.ts'
import { draftPoint, gradePoint, notBack } from './snapshot-steps.ts'
import { Timing } from './timing.ts'
import { unfinished } from './unfinished-backup.ts'
import { whileHeld } from './while-held.ts'

/**
 * Holds a VM for a backup that somebody else makes, and releases it as soon as the job says that its point in time is
 * over: long before the archive is written. Resolves with the restore point of the backup, which is `suspect` until
 * `finishBackup` has seen the archive's end. Rejects with nothing left stopped; with `come-back-failed` and
 * `details.point` when the point is kept and the guest is not as it was.
 */
export async function holdForBackup(
  ports: Ports,
  settings: VmSettings,
  { job, signal }: { job: BackupJob; signal: AbortSignal },
): Promise<RestorePoint> {
  const run = await beginRun(ports, settings, 'hold-for-backup')
  const { saga, helper } = run
  const during = <T>(name: Phase, work: () => Promise<T>) => phase(ports, settings.name, name, work)
  let notAsBefore: Error | undefined
  let point: RestorePoint
  try {
    const vm = asBackedUp(await ports.hypervisor.findVm(settings.reference, { signal, timeoutMs: 30_000 }), job.facts)
    await lockVm(ports, run, vm, settings.holdTtlMs)
    const seen = await during('preflight', async () =>
      passed(settings.name, await lookAhead(ports, settings, { helper, vm, signal, taking: 'backup' })),
    )
    await during('drain', () => drain(ports, run, settings, signal))
    const draft = draftPoint(ports, run, vm, { vm: settings.name, kind: 'backup', mode: 'stop' })
    signal.throwIfAborted()

    await saga.intend({ step: 'hold', undo: releaseHold(run, settings, vm) }, { step: 'backup' }, { step: 'release' })
    const timing = new Timing(ports.system.clock)
    const held = await whileHeld(ports, run, settings, { vm, seen, timing, signal }, (hold) =>
      saga.act('backup', () => backupStarted(ports, job, { run: run.id, hold, settings, timing, signal })),
    )
    const { storage, disks } = job.facts
    const archive = { name: draft.snapshot, description: '', createdAt: timing.read().endedAt, complete: true, disks }
    const graded = gradePoint(ports, settings, draft, { seen, ...held, snapshot: archive, timing })
    point = unfinished(graded, storage)
    await during('grade', () => ports.catalog.savePoint(point))
    await during('after', () => endRun(ports, run, vm, { point: point.id }))
    notAsBefore = notBack(point, held.cameBack, held.isFree)
  } catch (thrown) {
    throw await failRun(ports, run, thrown)
  }
  if (notAsBefore !== undefined) throw notAsBefore
  return point
}

/** Lets the job go on, and waits for its word within what is left of the hold. */
async function backupStarted(
  ports: Ports,
  job: BackupJob,
  within: { run: string; hold: HoldAnswer; settings: VmSettings; timing: Timing; signal: AbortSignal },
): Promise<void> {
  const { run, hold, settings, timing, signal } = within
  const leftMs = Math.min(hold.firesUptimeMs - hold.answeredUptimeMs, settings.holdTtlMs) - WATCHDOG_MARGIN_MS
  if (leftMs <= 0) throw new StillshotError('hold-expired', 'the hold’s time to live was over before the backup')
  using deadline = ports.system.clock.deadline(leftMs, signal)
  timing.mark('requested')
  job.goOn(run)
  try {
    await job.started(deadline.signal)
  } catch (thrown) {
    const late = thrown instanceof DeadlineExceeded || toStillshotError(thrown).code === 'timed-out'
    if (!late) throw thrown
    const until = formatInstant(ports.system.clock.now())
    throw new StillshotError('hold-expired', `${settings.name}: the backup had not started at ${until}`, {
      cause: thrown,
      hint: 'the database was started again without it: raise hold.ttl, or look why the backup took so long to start',
    })
  }
  timing.mark('ended')
}
