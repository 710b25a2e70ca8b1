import type { RestorePoint } from '../catalog/catalog.ts'
import { StillshotError, toStillshotError } from '../errors.ts'
import type { Proof } from '../grade/proof.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import type { UndoRecord } from '../saga/journal-event.ts'
import { retry } from '../system/retry.ts'
import { awaitComeBack } from './await-come-back.ts'
import { isWorthAnotherTry } from './passing.ts'
import { phase } from './phase.ts'
import type { Phase, Ports, VmSettings } from './ports.ts'
import { checkNotHeld, checkRestore, checkSameVm, choosePoint, restorePlan } from './restore-plan.ts'
import { awaitBoot, proveMarker, proveRestoredMachine, rollBackOrSettle, takeSafetySnapshot } from './restore-steps.ts'
import { beginRun, endRun, failRun, lockVm, type Run } from './run.ts'

export interface RestoreOrder {
  /** Id or beginning of it; default: the newest `db-stopped` point. */
  readonly pointId?: string
  readonly safetySnapshot: boolean
  readonly dryRun: boolean
  readonly signal: AbortSignal
}

export interface RestoreReport {
  readonly version: 1
  readonly run?: string
  readonly vm: string
  readonly point: RestorePoint
  readonly safetyPoint?: RestorePoint
  readonly plan: readonly string[]
  readonly cameBack: boolean
  readonly proofs: readonly Proof[]
  /** From the start of the VM until the guest answered. */
  readonly bootMs: number
  /** From the guest's first answer until everything was back. */
  readonly readyMs: number
  readonly totalMs: number
}

/** A guest that emulates or repairs its disks may take this long to boot. */
const POWER_ON_LIMIT_MS = 120_000
const BOOT_LIMIT_MS = 600_000
const READY_LIMIT_MS = 300_000

/**
 * Rolls a VM back to a restore point and proves what came up. A safety snapshot comes first, unless refused. Rejects with
 * the VM as it was, or, once the disks are back, with `restore-unproven` and `details.report`.
 */
export async function restoreSnapshot(ports: Ports, settings: VmSettings, order: RestoreOrder): Promise<RestoreReport> {
  const { signal, safetySnapshot } = order
  const { clock } = ports.system
  const begunAt = clock.monotonic()
  const point = await choosePoint(ports, settings, order.pointId)
  const vm = await ports.hypervisor.findVm(settings.reference, { signal, timeoutMs: 30_000 })
  checkSameVm(vm, point)
  const plan = restorePlan(ports, vm, point, safetySnapshot)
  const draft = { version: 1, vm: settings.name, point, plan } as const
  if (order.dryRun) {
    await checkRestore(ports, vm, point, order)
    return { ...draft, cameBack: false, proofs: [], bootMs: 0, readyMs: 0, totalMs: 0 }
  }
  const run = await beginRun(ports, settings, 'restore')
  const during = <T>(name: Phase, work: () => Promise<T>) => phase(ports, settings.name, name, work)
  let report: RestoreReport
  try {
    await lockVm(ports, run, vm, settings.holdTtlMs)
    await during('preflight', async () => {
      await checkNotHeld(run.helper, settings.name, signal)
      await checkRestore(ports, vm, point, order)
    })
    const safetyPoint = safetySnapshot
      ? await during('safety-snapshot', () => takeSafetySnapshot(ports, settings, run, { vm, signal }))
      : undefined
    const request = { snapshotName: point.snapshot, token: run.id }
    await during('roll-back', () =>
      run.saga.step({ step: 'roll-back', undo: settleRollBack(run, vm, point) }, () =>
        rollBackOrSettle(ports, vm, request, signal),
      ),
    )
    // From here on the disks are the point's; whoever aborts, the VM is not left off.
    await run.helper.close()
    const startedAt = clock.monotonic()
    const boot = await during('boot', () =>
      run.saga.step({ step: 'boot' }, () => startAndReach(ports, run, settings, vm), { settles: ['roll-back'] }),
    )
    const bootMs = Math.round(clock.monotonic() - startedAt)
    const proofs =
      boot instanceof StillshotError
        ? [unreachable(boot)]
        : await during('come-back', () => prove(ports, run, settings, { vm, point }))
    const cameBack = isBack(point, proofs)
    const totalMs = Math.round(clock.monotonic() - begunAt)
    const readyMs = Math.round(clock.monotonic() - startedAt) - bootMs
    report = {
      ...draft,
      run: run.id,
      cameBack,
      proofs,
      bootMs,
      readyMs,
      totalMs,
      ...(safetyPoint ? { safetyPoint } : {}),
    }
    await during('after', () => endRun(ports, run, vm, { point: point.id }))
  } catch (thrown) {
    throw await failRun(ports, run, thrown)
  }
  if (!report.cameBack) throw unproven(report)
  return report
}

/** After a crash the disks are looked at: all at the point or all as before; then the VM runs again. */
function settleRollBack(run: Run, vm: Vm, point: RestorePoint): UndoRecord {
  const args = { snapshot: point.snapshot, token: run.id, wasRunning: String(vm.power !== 'off') }
  return { action: 'settle-roll-back', args, urgent: false, timeoutMs: 300_000 }
}

/** Starts the VM; resolves with the error when the guest does not answer: the disks stay at the point either way. */
async function startAndReach(
  ports: Ports,
  run: Run,
  settings: VmSettings,
  vm: Vm,
): Promise<StillshotError | undefined> {
  const { clock } = ports.system
  using starting = clock.deadline(POWER_ON_LIMIT_MS)
  const limits = { clock, signal: starting.signal, pauseMs: 2_000, limitMs: POWER_ON_LIMIT_MS, when: isWorthAnotherTry }
  await retry(
    (signal) => ports.hypervisor.powerOn(vm, { ...(signal && { signal }), timeoutMs: POWER_ON_LIMIT_MS }),
    limits,
  )
  using deadline = clock.deadline(BOOT_LIMIT_MS + 60_000)
  try {
    await awaitBoot(ports, run, settings, { signal: deadline.signal, limitMs: BOOT_LIMIT_MS })
    return undefined
  } catch (thrown) {
    return toStillshotError(thrown)
  }
}

/** What a restore must show. A point that promises no clean stop may recover when it starts. */
function promised({ grade }: RestorePoint): readonly Proof['claim'][] {
  return grade === 'db-stopped' ? ['came-back', 'no-crash-recovery'] : ['came-back']
}

function isBack(point: RestorePoint, proofs: readonly Proof[]): boolean {
  const claims = promised(point)
  return proofs.every(({ claim, verdict }) => verdict === 'proven' || !claims.includes(claim))
}

async function prove(
  ports: Ports,
  run: Run,
  settings: VmSettings,
  { vm, point }: { vm: Vm; point: RestorePoint },
): Promise<readonly Proof[]> {
  const { application } = ports
  const { clock } = ports.system
  using deadline = clock.deadline(READY_LIMIT_MS + 60_000)
  const want = { profile: settings.profile.name, claims: promised(point), limitMs: READY_LIMIT_MS }
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

function unproven(report: RestoreReport): StillshotError {
  const claims = promised(report.point)
  const failing = report.proofs.filter(({ claim, verdict }) => claims.includes(claim) && verdict !== 'proven')
  const why = failing.map(({ message }) => message)
  return new StillshotError('restore-unproven', `${report.vm} is at ${report.point.snapshot}, but: ${why.join('; ')}`, {
    details: { run: report.run, report },
  })
}
