import { type RestorePoint, type RunRecord, vmKey } from '../catalog/catalog.ts'
import type { Grade, Reason } from '../grade/grade.ts'
import type { Snapshot, Vm } from '../hypervisor/hypervisor.ts'
import { counts, decideRetention, type RetentionPolicy } from '../policy/retention.ts'
import { isOwn, type OwnPoint } from './own-points.ts'
import { candidatesOf } from './remove-point.ts'

/** What prune has looked at. */
export interface PruneView {
  readonly vm: Vm
  /** Of the catalog, for this name under `vms:`. */
  readonly points: readonly RestorePoint[]
  readonly runs: readonly RunRecord[]
  /** Oldest first. */
  readonly snapshots: readonly Snapshot[]
}

export interface PrunePlan {
  /** The run that failed, after which nothing goes until there is a good point again. */
  readonly paused: { readonly run: string; readonly message: string } | null
  /** Oldest first. */
  readonly points: readonly PlannedPoint[]
  readonly left: readonly LeftSnapshot[]
}

export interface PlannedPoint {
  readonly id: string
  readonly snapshot: string
  readonly createdAt: string
  readonly kind: RestorePoint['kind']
  readonly grade: Grade
  /** `gone`: the hypervisor no longer has it; the point is forgotten. */
  readonly fate: 'stays' | 'goes' | 'gone'
  readonly reasons: readonly Reason[]
}

/** What is not prune's to touch. */
export interface LeftSnapshot {
  readonly snapshot: string
  readonly reason: Reason
}

/**
 * Which points stay, which go, and why; nothing is touched. Only points that the hypervisor has whole are weighed, in its own
 * order: two coordinators' clocks may differ. Pure.
 */
export function decidePrune(view: PruneView, policies: readonly RetentionPolicy[]): PrunePlan {
  const { vm, points, snapshots } = view
  const ours = points.filter(isOwn).filter((point) => point.vmKey === vmKey(vm))
  const paused = failedSince(
    view.runs,
    ours.filter(({ snapshot }) => isWhole(snapshots, snapshot)),
  )
  const fates = new Map(decideRetention(candidatesOf(ours, snapshots), policies).map((fate) => [fate.id, fate]))
  const planned = ours.map(({ id, snapshot, createdAt, kind, grade }): PlannedPoint => {
    const facts = { id, snapshot, createdAt, kind, grade }
    const fate = fates.get(id)
    if (fate?.stays === true) return { ...facts, fate: 'stays', reasons: fate.reasons }
    if (fate !== undefined && paused !== null) return { ...facts, fate: 'stays', reasons: [PAUSED] }
    if (fate !== undefined) return { ...facts, fate: 'goes', reasons: fate.reasons }
    const isThere = snapshots.some(({ name }) => name === snapshot)
    return isThere ? { ...facts, fate: 'stays', reasons: [UNFINISHED] } : { ...facts, fate: 'gone', reasons: [GONE] }
  })
  return { paused, points: inOrderOf(snapshots, planned), left: leftOf(view, ours) }
}

function isWhole(snapshots: readonly Snapshot[], wanted: string): boolean {
  return snapshots.some(({ name, complete }) => complete && name === wanted)
}

/** The newest run that failed and that no good point, still there, has followed. A run that ended well has told what its point is worth. */
function failedSince(runs: readonly RunRecord[], points: readonly OwnPoint[]): PrunePlan['paused'] {
  const good = new Set(points.filter(counts).map(({ run }) => run))
  for (const { id, procedure, outcome, error } of runs.toSorted((a, b) => (a.id < b.id ? 1 : -1))) {
    if (good.has(id)) return null
    if (procedure !== 'take-snapshot' || outcome === 'done') continue
    return { run: id, message: error === undefined ? `it ended ${outcome ?? 'unknown'}` : error.message }
  }
  return null
}

function inOrderOf(snapshots: readonly Snapshot[], points: readonly PlannedPoint[]): readonly PlannedPoint[] {
  const place = ({ snapshot }: PlannedPoint) => snapshots.findIndex(({ name }) => name === snapshot)
  return points.toSorted((a, b) => place(a) - place(b))
}

function leftOf({ points, snapshots }: PruneView, ours: readonly OwnPoint[]): readonly LeftSnapshot[] {
  const others = points
    .filter((point) => !ours.some(({ id }) => id === point.id))
    .map((point) => ({ snapshot: point.snapshot, reason: isOwn(point) ? OTHER_VM : SOMEBODY_ELSES }))
  const unknown = snapshots.filter(({ name }) => !points.some(({ snapshot }) => snapshot === name))
  return [...unknown.map(({ name }) => ({ snapshot: name, reason: NOT_OURS })), ...others]
}

const PAUSED: Reason = { code: 'paused', message: 'nothing goes between a failed run and the next good point' }
const UNFINISHED: Reason = { code: 'unfinished', message: 'the hypervisor is still making or removing it' }
const GONE: Reason = { code: 'gone', message: 'somebody removed its snapshot' }
const NOT_OURS: Reason = { code: 'not-ours', message: 'no restore point of this VM in this catalog' }
const SOMEBODY_ELSES: Reason = { code: 'not-ours', message: 'whoever made it keeps and removes it' }
const OTHER_VM: Reason = { code: 'other-vm', message: 'of another VM that had this name' }
