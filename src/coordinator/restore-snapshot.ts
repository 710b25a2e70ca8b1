import type { RestorePoint } from '../catalog/catalog.ts'
import { StillshotError, toStillshotError } from '../errors.ts'
import type { Proof } from '../grade/proof.ts'
import type { ComeBackAnswer } from '../guest/protocol/answers.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import type { UndoRecord } from '../saga/journal-event.ts'
import { retry } from '../system/retry.ts'
import { awaitComeBack } from './await-come-back.ts'
import { checkConsents } from './consents.ts'
import { keepRunbook } from './keep-runbook.ts'
import { giveWayToMending } from './lock-to-mend.ts'
import { isWorthAnotherTry } from './passing.ts'
import { phase } from './phase.ts'
import type { Phase, Ports, VmSettings } from './ports.ts'
import { removeNewer } from './remove-newer.ts'
import type { RestoreOrder } from './restore-order.ts'
import { checkSameVm, lookBeforeRestore, type RestoreOutlook, restorePlan } from './restore-plan.ts'
import { choosePoint } from './restore-points.ts'
import { guestBefore, isBack, promised, unproven } from './restore-promise.ts'
import type { RestoreReport } from './restore-report.ts'
import { awaitBoot, proveMarker, proveRestoredMachine, rollBackOrSettle } from './restore-steps.ts'
import { RESTORE, UNDO_RESTORE } from './restore-undo.ts'
import { beginRun, endRun, failRun, lockVm, openHelper, type Run } from './run.ts'
import { takeSafetySnapshot } from './safety-snapshot.ts'
import { wakeGuest } from './wake-guest.ts'

/** A guest that emulates or repairs its disks may take this long to boot. */
const POWER_ON_LIMIT_MS = 120_000
const BOOT_LIMIT_MS = 600_000
const READY_LIMIT_MS = 300_000
const WAKE_LIMIT_MS = 720_000
const SETTLE_LIMIT_MS = 300_000
/** For a guest that did not answer when its safety snapshot was taken. */
const SILENT_LIMIT_MS = 60_000

/**
 * Rolls a VM back to a restore point and proves what came up. A safety snapshot comes first, unless refused. Rejects with
 * the VM as it was, or, once the disks are back, with `restore-unproven` and `details.report`.
 */
export async function restoreSnapshot(ports: Ports, settings: VmSettings, order: RestoreOrder): Promise<RestoreReport> {
  const { signal, safetySnapshot, waitMs = 0 } = order
  const { clock } = ports.system
  const begunAt = clock.monotonic()
  const shown = await takeAim(ports, settings, order)
  if (order.dryRun) {
    const outlook = await foresee(ports, settings, shown, order)
    return { ...draftReport(ports, shown, order), ...outlook, ...NOTHING_DONE }
  }
  const run = await beginRun(ports, settings, order.undo ? UNDO_RESTORE : RESTORE)
  const during = <T>(name: Phase, work: () => Promise<T>) => phase(ports, settings.name, name, work)
  let report: RestoreReport
  try {
    await giveWayToMending(ports, shown.vm)
    await lockVm(ports, run, shown.vm, settings.holdTtlMs, { waitMs, signal })
    // Whoever had the VM may have restored it, made a newer point, stopped or started it.
    const { vm, point } = await takeAim(ports, settings, order)
    checkSameVm(shown.vm, point)
    const looked = await during('preflight', async () => {
      const seen = await lookBeforeRestore(ports, settings, { helper: run.helper, vm, point }, order)
      checkConsents(settings.name, seen.outlook.consents, order.accept ?? [])
      return seen
    })
    const { outlook } = looked
    const safety = safetySnapshot
      ? await during('safety-snapshot', () =>
          takeSafetySnapshot(ports, settings, run, { vm, looked, target: point, signal }),
        )
      : undefined
    const request = { snapshotName: point.snapshot, token: run.id }
    const safetyGap = await during('roll-back', async () => {
      await removeNewer(ports, run, vm, { names: outlook.removes, signal })
      const gap = await safety?.gap()
      await run.saga.step(
        { step: 'roll-back', undo: settleRollBack(run, { vm, point }, outlook) },
        () => rollBackOrSettle(ports, vm, request, signal),
        // What was held is another machine by now.
        { settles: ['hold'], facts: () => ({ safetyGap: gap ?? null }) },
      )
      return gap
    })
    const up = await bringUp(ports, run, settings, { ...outlook, vm, point })
    const totalMs = Math.round(clock.monotonic() - begunAt)
    const draft = draftReport(ports, { vm, point }, order)
    const kept = { ...(safety && { safetyPoint: safety.point }), ...(safetyGap && { safetyGap }) }
    report = { ...draft, ...outlook, run: run.id, ...up, totalMs, ...kept }
    await during('after', () => endRun(ports, run, vm, { point: point.id }))
  } catch (thrown) {
    const failed = await failRun(ports, run, thrown)
    await keepRunbook(ports, settings)
    throw failed
  }
  await keepRunbook(ports, settings)
  if (!report.cameBack) throw unproven(report)
  return report
}

/** What a restore works on. */
interface Aim {
  readonly vm: Vm
  readonly point: RestorePoint
}

/** The VM as it is now and the point that the order means now; rejects as {@link choosePoint} and {@link checkSameVm} do. */
async function takeAim(ports: Ports, settings: VmSettings, order: RestoreOrder): Promise<Aim> {
  const vm = await ports.hypervisor.findVm(settings.reference, { signal: order.signal, timeoutMs: 30_000 })
  const point = await choosePoint(ports, settings, vm, order)
  checkSameVm(vm, point)
  return { vm, point }
}

function draftReport(ports: Ports, { vm, point }: Aim, order: RestoreOrder) {
  return { version: 1, vm: point.vm, point, plan: restorePlan(ports, vm, point, order) } as const
}

const NOTHING_DONE = { cameBack: false, proofs: [], bootMs: 0, readyMs: 0, totalMs: 0 } as const

/** What a restore to this point would see before it touches anything. */
async function foresee(ports: Ports, settings: VmSettings, target: Aim, order: RestoreOrder) {
  const helper = openHelper(ports, settings)
  try {
    return (await lookBeforeRestore(ports, settings, { helper, ...target }, order)).outlook
  } finally {
    await helper.close()
  }
}

/** After a crash the disks are looked at: all at the point or all as before; then the VM runs again. */
function settleRollBack(run: Run, { vm, point }: Aim, { memory }: Pick<RestoreOutlook, 'memory'>): UndoRecord {
  const power = { wasRunning: String(vm.power !== 'off'), ...(memory ? { memory: 'true' } : {}) }
  const args = { snapshot: point.snapshot, token: run.id, ...power }
  const timeoutMs = SETTLE_LIMIT_MS + (memory ? WAKE_LIMIT_MS : 0)
  return { action: 'settle-roll-back', args, urgent: false, timeoutMs }
}

/** From here on the disks are the point's; whoever aborts, the VM is not left off. */
async function bringUp(ports: Ports, run: Run, settings: VmSettings, target: Aim & Pick<RestoreOutlook, 'memory'>) {
  const { clock } = ports.system
  const during = <T>(name: Phase, work: () => Promise<T>) => phase(ports, settings.name, name, work)
  await run.helper.close()
  const startedAt = clock.monotonic()
  // What runs on from its memory is not all right before it was woken, which whoever recovers does, too.
  const settles = { settles: ['roll-back'] }
  const boot = await during('boot', () =>
    run.saga.step({ step: 'boot' }, () => startAndReach(ports, run, settings, target), target.memory ? {} : settles),
  )
  const bootMs = Math.round(clock.monotonic() - startedAt)
  const look = async () => {
    const woken = target.memory && !(boot instanceof StillshotError) ? await wake(ports, run, target.vm) : []
    const proofs =
      boot instanceof StillshotError
        ? [unreachable(boot)]
        : [...woken, ...(await prove(ports, run, settings, { ...target, first: boot }))]
    const readyMs = Math.round(clock.monotonic() - startedAt) - bootMs
    return { cameBack: isBack(target.point, proofs), proofs, bootMs, readyMs }
  }
  // How long it took stays in the journal: next time somebody asks before it is needed.
  const facts = ({ cameBack, readyMs }: { cameBack: boolean; readyMs: number }) => ({ cameBack, bootMs, readyMs })
  return during('come-back', () => run.saga.step({ step: 'come-back' }, look, { ...(target.memory && settles), facts }))
}

/** The database is back, and the guest's time is right, before anything is asked about them. */
async function wake({ system: { clock } }: Ports, { helper }: Run, { uuid: machine }: Vm): Promise<readonly Proof[]> {
  using deadline = clock.deadline(WAKE_LIMIT_MS)
  return wakeGuest({ helper, machine, clock }, deadline.signal).catch((thrown) => [
    unreachable(toStillshotError(thrown)),
  ])
}

/** Starts the VM; resolves with the guest's first answer, or with the error when there is none: the disks stay at the point either way. */
async function startAndReach(
  ports: Ports,
  run: Run,
  settings: VmSettings,
  { vm, point }: Aim,
): Promise<ComeBackAnswer | StillshotError> {
  const { clock } = ports.system
  const limitMs = guestBefore(point) === 'silent' ? SILENT_LIMIT_MS : BOOT_LIMIT_MS
  using starting = clock.deadline(POWER_ON_LIMIT_MS)
  const limits = { clock, signal: starting.signal, pauseMs: 2_000, limitMs: POWER_ON_LIMIT_MS, when: isWorthAnotherTry }
  await retry(
    (signal) => ports.hypervisor.powerOn(vm, { ...(signal && { signal }), timeoutMs: POWER_ON_LIMIT_MS }),
    limits,
  )
  using deadline = clock.deadline(limitMs + 60_000)
  try {
    return await awaitBoot(ports, run, settings, { signal: deadline.signal, limitMs })
  } catch (thrown) {
    return toStillshotError(thrown)
  }
}

async function prove(
  ports: Ports,
  run: Run,
  settings: VmSettings,
  { vm, point, first }: Aim & { first: ComeBackAnswer },
): Promise<readonly Proof[]> {
  const { application } = ports
  const { clock } = ports.system
  using deadline = clock.deadline(READY_LIMIT_MS + 60_000)
  const want = { profile: settings.profile.name, claims: promised(point), limitMs: READY_LIMIT_MS, first }
  try {
    const cameBack = await awaitComeBack({ application, helper: run.helper, clock }, want, deadline.signal)
    return [...cameBack.proofs, proveRestoredMachine(vm, cameBack.answer), proveMarker(point, cameBack.answer)]
  } catch (thrown) {
    return [unreachable(toStillshotError(thrown))]
  }
}

function unreachable(error: StillshotError): Proof {
  return { claim: 'came-back', verdict: 'unknown', code: error.code, message: error.message }
}
