import { drillResult, type RestorePoint, vmKey } from '../catalog/catalog.ts'
import { StillshotError, toStillshotError } from '../errors.ts'
import type { Reason } from '../grade/grade.ts'
import type { Snapshot, Vm } from '../hypervisor/hypervisor.ts'
import { isLastOfItsGrade, isLastThatPassed } from '../policy/retention.ts'
import { parseInstant } from '../system/instant.ts'
import { retry } from '../system/retry.ts'
import { isOwn, type OwnPoint } from './own-points.ts'
import { isWorthAnotherTry, mayBeUnderWay } from './passing.ts'
import type { Ports } from './ports.ts'

export interface Removal {
  /** `gone`: somebody else had removed it. `kept`: it stays a restore point, and `why` says what kept it. */
  readonly outcome: 'removed' | 'gone' | 'kept'
  readonly why?: Reason
}

export interface RemovalLimits {
  readonly signal: AbortSignal
  /** No further try begins after this long. */
  readonly tryForMs: number
  /** Longest that one removal may take: all that was written since the snapshot is merged. */
  readonly timeoutMs: number
}

const LOOK_MS = 60_000

/**
 * Removes the snapshot of a restore point, and forgets the point once the hypervisor no longer lists it. Looks before every
 * try: whoever removed a better point meanwhile has made this one the last of its grade, and it stays. Idempotent, for a
 * removal that was interrupted, too; `kept` only where nothing of it was removed. Rejects when nobody knows.
 */
export async function removePoint(
  ports: Ports,
  vm: Vm,
  { id, vm: name }: Pick<RestorePoint, 'id' | 'vm'>,
  limits: RemovalLimits,
): Promise<Removal> {
  const { catalog } = ports
  const points = (await catalog.points({ vm: name })).filter(isOwn).filter((point) => point.vmKey === vmKey(vm))
  const point = points.find((candidate) => candidate.id === id)
  if (point === undefined) return { outcome: 'gone' }
  const tried = await tryToRemove(ports, vm, { point, points }, limits)
  if (tried === 'last') return LAST
  const after = find(point, await look(ports, vm, limits))
  if (after === undefined) {
    await catalog.removePoint(id)
    return { outcome: tried === 'gone' ? 'gone' : 'removed' }
  }
  if (!(tried instanceof StillshotError)) throw notRemoved(vm, point)
  if (!after.complete) throw tried
  return { outcome: 'kept', why: { code: tried.code, message: tried.message } }
}

interface Weighed {
  readonly point: OwnPoint
  /** All of the VM that are ours. */
  readonly points: readonly OwnPoint[]
}

/** Resolves with the hypervisor's own error where it said no; rejects while it may still be at work. */
async function tryToRemove(
  ports: Ports,
  vm: Vm,
  { point, points }: Weighed,
  limits: RemovalLimits,
): Promise<'asked' | 'gone' | 'last' | StillshotError> {
  const { hypervisor, system } = ports
  const { signal, tryForMs: limitMs, timeoutMs } = limits
  let underWay = false
  let refusal: StillshotError | undefined
  const attempt = async () => {
    refusal = undefined
    const snapshots = await look(ports, vm, limits)
    const there = find(point, snapshots)
    if (there === undefined) return underWay ? 'asked' : 'gone'
    const whole = there.complete && !underWay
    if (whole && isIrreplaceable(point, candidatesOf(points, snapshots))) return 'last'
    try {
      await hypervisor.removeSnapshot(vm, point.snapshot, { signal, timeoutMs })
      return 'asked'
    } catch (thrown) {
      refusal = toStillshotError(thrown)
      underWay = mayBeUnderWay(thrown) || (underWay && refusal.code === 'vm-locked')
      throw thrown
    }
  }
  const trying = { clock: system.clock, signal, pauseMs: 2_000, limitMs, when: isWorthAnotherTry }
  return retry(attempt, trying).catch((thrown: unknown) => {
    if (refusal === undefined || underWay) throw thrown
    return refusal
  })
}

function isIrreplaceable(point: RestorePoint, candidates: ReturnType<typeof candidatesOf>): boolean {
  return isLastOfItsGrade(point, candidates) || isLastThatPassed(point, candidates)
}

function look({ hypervisor }: Ports, vm: Vm, { signal }: RemovalLimits): Promise<readonly Snapshot[]> {
  return hypervisor.listSnapshots(vm, { signal, timeoutMs: LOOK_MS })
}

function find({ snapshot }: RestorePoint, snapshots: readonly Snapshot[]): Snapshot | undefined {
  return snapshots.find(({ name }) => name === snapshot)
}

/** The points that the hypervisor has whole, oldest first, as retention sees them. */
export function candidatesOf(points: readonly OwnPoint[], snapshots: readonly Snapshot[]) {
  return snapshots.flatMap(({ name, complete, createdAt }) => {
    const point = points.find(({ snapshot }) => snapshot === name)
    if (point === undefined || !complete) return []
    const { id, grade, kind } = point
    return [{ id, grade, kind, atMs: parseInstant(createdAt), passedDrill: drillResult(point) === 'passed' }]
  })
}

const LAST: Removal = {
  outcome: 'kept',
  why: {
    code: 'last-of-its-grade',
    message: 'somebody removed what was as good, or had passed a drill: nothing newer is now',
  },
}

function notRemoved(vm: Vm, { snapshot }: RestorePoint): StillshotError {
  return new StillshotError('hypervisor-refused', `${vm.name} says that ${snapshot} is removed, and lists it`)
}
