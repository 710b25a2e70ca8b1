import type { DrillRecord, RestorePoint } from '../catalog/catalog.ts'
import type { Finding } from '../finding.ts'
import type { DataFinding } from '../guest/application.ts'
import type { Clones } from '../hypervisor/clones.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import { snapshotName } from '../hypervisor/snapshot-name.ts'
import type { Clock } from '../system/clock.ts'
import { formatInstant } from '../system/instant.ts'
import { retry } from '../system/retry.ts'
import { ulid } from '../system/ulid.ts'
import { claimDrill, giveBackClaim, refusal } from './claim-drill.ts'
import { clonesOf } from './clones-of.ts'
import { CHECK_LIMIT_MS, checkDrill, cloneOrFind, examineClone, recordDrill, removeClone } from './drill-steps.ts'
import { judgeDrill } from './judge-drill.ts'
import { keepRunbook } from './keep-runbook.ts'
import { isWorthAnotherTry } from './passing.ts'
import { phase } from './phase.ts'
import type { Phase, Ports, VmSettings } from './ports.ts'
import { checkSameVm, checkStillSame } from './restore-plan.ts'
import { choosePoint } from './restore-points.ts'
import { beginRun, endRun, failRun, lockVm } from './run.ts'

export interface DrillOrder {
  /** Id or beginning of it; default: the newest `db-stopped` point. */
  readonly pointId?: string
  readonly dryRun: boolean
  /** How long to wait for other drills, for the hours, and for a run that has the VM; 0 unless given. */
  readonly waitMs?: number
  readonly signal: AbortSignal
}

export interface DrillReport {
  readonly version: 1
  readonly run?: string
  readonly vm: string
  /** With the drill and the grade that it left. */
  readonly point: RestorePoint
  readonly plan: readonly string[]
  /** Undefined for a dry run. */
  readonly drill?: DrillRecord
  readonly findings: readonly DataFinding[]
}

const REMOVE_LIMIT_MS = 600_000
/** No further try begins after this long. */
const REMOVE_FOR_MS = 60_000

/**
 * Tries a restore point on a copy of its VM that has no network, and keeps what it showed with the point; the copy is always
 * destroyed. Resolves whatever the result is. Rejects, with the copy taken back, when it could not be made or kept.
 */
export async function runDrill(ports: Ports, settings: VmSettings, order: DrillOrder): Promise<DrillReport> {
  const { signal, waitMs = 0 } = order
  const { clock } = ports.system
  const begunAt = clock.monotonic()
  const vm = await ports.hypervisor.findVm(settings.reference, { signal, timeoutMs: 30_000 })
  const chosen = await choosePoint(ports, settings, vm, { signal, ...pointOf(order) })
  checkSameVm(vm, chosen)
  const clones = clonesOf(ports.hypervisor)
  const plan = drillPlan(vm, chosen, settings)
  const draft = { version: 1, vm: settings.name, point: chosen, plan, findings: [] } as const
  const requestOf = (name: string) => cloneRequest(chosen, settings, name)
  if (order.dryRun) {
    const request = requestOf(snapshotName(ulid(clock, ports.system.randomness)))
    await checkStillSame(ports, vm, chosen, signal)
    const looked = await checkDrill(ports, vm, request, signal)
    const refused = await refusal(ports, settings, vm)
    const late: readonly DataFinding[] =
      refused === undefined ? [] : [{ verdict: 'unknown', code: 'drill-limit', message: `not now: ${refused.why}` }]
    return { ...draft, findings: [...late, ...looked.filter(({ severity }) => severity === 'warn').map(mayHinder)] }
  }
  const run = await beginRun(ports, settings, 'drill')
  const during = <T>(name: Phase, work: () => Promise<T>) => phase(ports, settings.name, name, work)
  try {
    // First, so that nobody waits for the VM while this waits for its turn.
    await claimDrill(ports, run, settings, { vm, waitMs, signal })
    await lockVm(ports, run, vm, settings.drill?.limitMs ?? CHECK_LIMIT_MS, { waitMs, signal })
    // Whoever had the VM until now may have written on the point, or taken it away.
    const point = await choosePoint(ports, settings, vm, { signal, pointId: chosen.id })
    const request = requestOf(snapshotName(run.id))
    await during('preflight', async () => {
      await checkStillSame(ports, vm, point, signal)
      await checkDrill(ports, vm, request, signal)
    })
    const clone = await during('clone', () =>
      run.saga.step({ step: 'create-clone', undo: removeClone(ports, vm, request.name) }, () =>
        cloneOrFind(clones, vm, request, { clock, signal }),
      ),
    )
    const examined = await examineClone(ports, run, settings, { point, clone, signal })
    const judged = judgeDrill(point, settings.drill?.assertions ?? [], examined)
    const { bootMs, readyMs, checkMs, answer } = examined
    const drill: DrillRecord = {
      run: run.id,
      at: formatInstant(clock.now()),
      result: judged.result,
      reasons: judged.reasons,
      ...{ bootMs, readyMs, checkMs, totalMs: Math.round(clock.monotonic() - begunAt) },
      tables: answer?.tables?.checked ?? 0,
    }
    return await during('after', async () => {
      await run.saga.step({ step: 'remove-clone' }, () => removeCopy(clones, vm, request.name, { clock, signal }), {
        settles: ['create-clone'],
      })
      const graded = await recordDrill(ports, run, { vm, point }, drill)
      await giveBackClaim(ports, run, settings, vm)
      await endRun(ports, run, vm, { point: point.id })
      // The point may be none to recommend any more.
      await keepRunbook(ports, settings)
      return { ...draft, run: run.id, point: graded, drill, findings: judged.findings }
    })
  } catch (thrown) {
    throw await failRun(ports, run, thrown)
  }
}

/** What may keep the copy from coming up. */
function mayHinder({ code, message, hint }: Finding): DataFinding {
  return { verdict: 'unknown', code, message: `${message}; ${hint}` }
}

function pointOf({ pointId }: DrillOrder): { pointId?: string } {
  return pointId === undefined ? {} : { pointId }
}

/** Again and again while the hypervisor cannot be asked: what was seen would be lost with a run that fails. */
function removeCopy(
  clones: Clones,
  vm: Vm,
  name: string,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<void> {
  const remove = () => clones.remove(vm, name, { signal, timeoutMs: REMOVE_LIMIT_MS })
  return retry(remove, { clock, signal, pauseMs: 2_000, limitMs: REMOVE_FOR_MS, when: isWorthAnotherTry })
}

function cloneRequest({ snapshot }: RestorePoint, { drill }: VmSettings, name: string) {
  const { memoryBytes } = drill ?? {}
  return { snapshotName: snapshot, name, ...(memoryBytes === undefined ? {} : { memoryBytes }) }
}

/** What will be done, in order. */
function drillPlan(vm: Vm, point: RestorePoint, { drill }: VmSettings): readonly string[] {
  const questions = drill?.assertions.length ?? 0
  return [
    `make a copy of ${vm.name} as it was at ${point.snapshot} (${point.grade}, ${point.createdAt}), without a network card`,
    'start it, and reach it by the hypervisor’s guest agent',
    'see that its marker names the point and that its database starts as the grade promises',
    `check every table${questions === 0 ? '' : `, and ask ${questions} questions of your own`}`,
    'destroy the copy and keep the result with the restore point',
  ]
}
