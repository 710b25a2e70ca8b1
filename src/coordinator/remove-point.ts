import { type RestorePoint, vmKey } from '../catalog/catalog.ts'
import { StillshotError, toStillshotError } from '../errors.ts'
import type { Reason } from '../grade/grade.ts'
import type { Snapshot, Vm } from '../hypervisor/hypervisor.ts'
import { isLastOfItsGrade } from '../policy/retention.ts'
import { parseInstant } from '../system/instant.ts'
import { retry } from '../system/retry.ts'
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
 * Removes the snapshot of a restore point, and forgets the point once the hypervisor no longer lists it. Looks first: whoever
 * removed a better point meanwhile has made this one the last of its grade, and it stays. Idempotent, for a removal that
 * was interrupted, too; `kept` only where nothing of it was removed. Rejects when nobody knows.
 */
export async function removePoint(
  ports: Ports,
  vm: Vm,
  { id, vm: name }: Pick<RestorePoint, 'id' | 'vm'>,
  limits: RemovalLimits,
): Promise<Removal> {
  const { catalog, hypervisor } = ports
  const { signal } = limits
  const look = () => hypervisor.listSnapshots(vm, { signal, timeoutMs: LOOK_MS })
  const points = (await catalog.points({ vm: name })).filter((point) => point.vmKey === vmKey(vm))
  const point = points.find((candidate) => candidate.id === id)
  if (point === undefined) return { outcome: 'gone' }
  const before = await look()
  const there = before.find((snapshot) => snapshot.name === point.snapshot)
  if (there !== undefined) {
    if (there.complete && isLastOfItsGrade(point, candidatesOf(points, before))) return LAST
    const refusal = await remove(ports, vm, point.snapshot, limits)
    const after = (await look()).find((snapshot) => snapshot.name === point.snapshot)
    if (after?.complete === true && refusal !== undefined) return keptBy(refusal)
    if (after !== undefined) throw refusal ?? notRemoved(vm, point)
  }
  await catalog.removePoint(id)
  return { outcome: there === undefined ? 'gone' : 'removed' }
}

/** The points that the hypervisor has whole, oldest first, as retention sees them. */
export function candidatesOf(points: readonly RestorePoint[], snapshots: readonly Snapshot[]) {
  return snapshots.flatMap(({ name, complete, createdAt }) => {
    const point = points.find(({ snapshot }) => snapshot === name)
    if (point === undefined || !complete) return []
    const { id, grade, kind } = point
    return [{ id, grade, kind, atMs: parseInstant(createdAt) }]
  })
}

const LAST: Removal = {
  outcome: 'kept',
  why: { code: 'last-of-its-grade', message: 'somebody removed what was as good: nothing newer is now' },
}

/** Resolves with what the hypervisor said against it; rejects while it may still be at work. */
async function remove(
  { hypervisor, system: { clock } }: Ports,
  vm: Vm,
  name: string,
  { signal, tryForMs, timeoutMs }: RemovalLimits,
): Promise<StillshotError | undefined> {
  let underWay = false
  const attempt = async () => {
    try {
      await hypervisor.removeSnapshot(vm, name, { signal, timeoutMs })
    } catch (thrown) {
      underWay = mayBeUnderWay(thrown) || (underWay && toStillshotError(thrown).code === 'vm-locked')
      throw thrown
    }
  }
  try {
    await retry(attempt, { clock, signal, pauseMs: 2_000, limitMs: tryForMs, when: isWorthAnotherTry })
    return undefined
  } catch (thrown) {
    const error = toStillshotError(thrown)
    if (underWay || mayBeUnderWay(error)) throw error
    return error
  }
}

function keptBy({ code, message }: StillshotError): Removal {
  return { outcome: 'kept', why: { code, message } }
}

function notRemoved(vm: Vm, { snapshot }: RestorePoint): StillshotError {
  return new StillshotError('hypervisor-refused', `${vm.name} says that ${snapshot} is removed, and lists it`)
}
