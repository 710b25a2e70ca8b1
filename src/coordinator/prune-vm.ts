import type { Vm } from '../hypervisor/hypervisor.ts'
import type { RetentionPolicy } from '../policy/retention.ts'
import type { UndoRecord } from '../saga/journal-event.ts'
import { decidePrune, type PlannedPoint, type PrunePlan } from './decide-prune.ts'
import { keepRunbook } from './keep-runbook.ts'
import { phase } from './phase.ts'
import type { Ports, VmSettings } from './ports.ts'
import { type Removal, removePoint } from './remove-point.ts'
import { checkNotHeld } from './restore-guest.ts'
import { beginRun, endRun, failRun, lockVm, type Run } from './run.ts'

export interface PruneOrder {
  /** All that select the VM. */
  readonly policies: readonly RetentionPolicy[]
  readonly dryRun: boolean
  /** Ids of points that somebody was shown: no other one goes. */
  readonly only?: readonly string[]
  readonly signal: AbortSignal
}

export interface PruneReport extends PrunePlan {
  readonly version: 1
  readonly vm: string
  /** None where nothing was to be done. */
  readonly run: string | null
  readonly dryRun: boolean
  readonly policies: readonly string[]
  readonly points: readonly PrunedPoint[]
}

export interface PrunedPoint extends PlannedPoint {
  /** What became of it; undefined where nothing was tried. */
  readonly removal?: Removal
}

/** Merging what was written since a snapshot may take hours on a busy storage. */
const REMOVAL_LIMIT_MS = 2 * 3_600_000
/** Somebody else's task on the VM is waited for this long. */
const TRY_FOR_MS = 60_000

/**
 * Removes the restore points of one VM that no policy keeps, one by one, oldest first. Resolves with what became of each: one
 * that the hypervisor will not remove stays a restore point. Rejects with `details.run` when it was stopped in the middle; what
 * was removed until then stays removed. May be repeated.
 */
export async function pruneVm(ports: Ports, settings: VmSettings, order: PruneOrder): Promise<PruneReport> {
  const { signal, dryRun, policies } = order
  const vm = await ports.hypervisor.findVm(settings.reference, { signal, timeoutMs: 30_000 })
  const facts = { version: 1, vm: settings.name, dryRun, policies: policies.map(({ name }) => name) } as const
  const foreseen = await plan(ports, settings, vm, order)
  // Where nothing is to be done, nothing is locked, asked or journalled.
  if (dryRun || foreseen.points.every(({ fate }) => fate === 'stays')) return { ...facts, run: null, ...foreseen }
  const run = await beginRun(ports, settings, 'prune')
  try {
    await lockVm(ports, run, vm, settings.holdTtlMs)
    await checkNotHeld(run.helper, settings.name, signal)
    // Only now does no other run of this catalog change it.
    const decided = await plan(ports, settings, vm, order)
    const points = await phase(ports, settings.name, 'prune', () =>
      removeAll({ ports, run, vm, signal }, decided.points),
    )
    await endRun(ports, run, vm)
    await keepRunbook(ports, settings)
    return { ...facts, run: run.id, ...decided, points }
  } catch (thrown) {
    const failed = await failRun(ports, run, thrown)
    await keepRunbook(ports, settings)
    throw failed
  }
}

async function plan(
  { catalog, hypervisor }: Ports,
  { name }: VmSettings,
  vm: Vm,
  { policies, only, signal }: PruneOrder,
): Promise<PrunePlan> {
  const [points, runs] = [await catalog.points({ vm: name }), await catalog.runs({ vm: name })]
  const snapshots = await hypervisor.listSnapshots(vm, { signal, timeoutMs: 60_000 })
  const decided = decidePrune({ vm, points, runs, snapshots }, policies)
  if (only === undefined) return decided
  const notShown = { code: 'not-shown', message: 'it was not among those that were shown' }
  const shown = (point: PlannedPoint): PlannedPoint =>
    point.fate === 'stays' || only.includes(point.id) ? point : { ...point, fate: 'stays', reasons: [notShown] }
  return { ...decided, points: decided.points.map(shown) }
}

interface Pruning {
  readonly ports: Ports
  readonly run: Run
  readonly vm: Vm
  readonly signal: AbortSignal
}

/** What others stand on goes when they have gone: it is tried once more behind them. */
async function removeAll(pruning: Pruning, points: readonly PlannedPoint[]): Promise<readonly PrunedPoint[]> {
  const removals = new Map<string, Removal>()
  const going = points.filter(({ fate }) => fate !== 'stays')
  const hasBranches = ({ id }: PlannedPoint) => removals.get(id)?.why?.code === 'snapshot-has-branches'
  for (const point of going) removals.set(point.id, await removeOne(pruning, point))
  for (const point of going.filter(hasBranches)) removals.set(point.id, await removeOne(pruning, point))
  return points.map((point) => {
    const removal = removals.get(point.id)
    return removal === undefined ? point : { ...point, removal }
  })
}

async function removeOne({ ports, run, vm, signal }: Pruning, point: PlannedPoint): Promise<Removal> {
  signal.throwIfAborted()
  const { id, snapshot } = point
  const { catalog } = ports
  if (point.fate === 'gone') {
    await run.saga.step({ step: `forget-${id}` }, () => catalog.removePoint(id), { facts: () => ({ snapshot }) })
    return { outcome: 'gone' }
  }
  const step = `remove-${id}`
  const limits = { signal, tryForMs: TRY_FOR_MS, timeoutMs: REMOVAL_LIMIT_MS }
  return run.saga.step(
    { step, undo: endRemoval(ports, vm, point) },
    () => removePoint(ports, vm, { id, vm: run.record.vm }, limits),
    { settles: [step], facts: (removal) => ({ snapshot, ...removal }) },
  )
}

/** The way back from a removal that was interrupted is to its end: half a snapshot is worth nothing. */
function endRemoval({ hypervisor }: Ports, vm: Vm, { id, snapshot }: PlannedPoint): UndoRecord {
  const byHand = hypervisor.byHand(vm, 'remove-snapshot', snapshot)
  return { action: 'end-removal', args: { point: id, snapshot }, urgent: false, timeoutMs: 600_000, byHand }
}
