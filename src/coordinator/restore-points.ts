import { drillResult, type RestorePoint, vmKey } from '../catalog/catalog.ts'
import { StillshotError } from '../errors.ts'
import type { Snapshot, Vm } from '../hypervisor/hypervisor.ts'
import { parseInstant } from '../system/instant.ts'
import type { Ports, VmSettings } from './ports.ts'
import { lastSafetyPoint } from './restore-undo.ts'

/** Which point a restore is to go to; at most one of them, but an undo may say which point it was shown. Without any: the recommended one. */
export interface WantedPoint {
  /** Id or beginning of it; with `undo` the whole id, and no other one will do. */
  readonly pointId?: string
  /** ISO 8601 with its zone: the newest point at or before it. */
  readonly at?: string
  /** What was there before the last restore. */
  readonly undo?: boolean
}

/** A point that can be gone back to: the hypervisor has its snapshot, whole. */
export interface Restorable {
  readonly point: RestorePoint
  /** Names of the snapshots that were taken after it, oldest first; other people's too. */
  readonly newer: readonly string[]
}

/** The points of this very VM whose snapshot is there and whole, newest first; no backups. */
export async function restorablePoints(
  { catalog, hypervisor }: Ports,
  { name }: VmSettings,
  vm: Vm,
  signal: AbortSignal,
): Promise<readonly Restorable[]> {
  const snapshots = await hypervisor.listSnapshots(vm, { signal, timeoutMs: 60_000 })
  const points = await catalog.points({ vm: name })
  return points
    .filter((point) => point.vmKey === vmKey(vm) && isThere(point, snapshots))
    .map((point) => ({ point, newer: newerThan(point.snapshot, snapshots) }))
}

/** Other people use a name again: the snapshot of that name must be the one that was graded. */
function isThere({ kind, snapshot, createdAt }: RestorePoint, snapshots: readonly Snapshot[]): boolean {
  const there = snapshots.find(({ name }) => name === snapshot)
  return there?.complete === true && kind !== 'backup' && (kind !== 'foreign' || there.createdAt === createdAt)
}

/** Names of the snapshots that were taken after this one. `snapshots`: oldest first. */
export function newerThan(snapshot: string, snapshots: readonly Snapshot[]): readonly string[] {
  return snapshots.slice(snapshots.findIndex(({ name }) => name === snapshot) + 1).map(({ name }) => name)
}

/** The one to go to where nobody says which: the newest `db-stopped` one that stillshot took. `points`: newest first. */
export function recommended(points: readonly RestorePoint[]): RestorePoint | undefined {
  return points.find(({ grade, kind }) => grade === 'db-stopped' && kind === 'snapshot')
}

/** For a person, who sees what each point loses: the newest such one that passed a drill. Where none did, the newest. */
export function recommendedToPerson(points: readonly RestorePoint[]): RestorePoint | undefined {
  return recommended(points.filter((point) => drillResult(point) === 'passed')) ?? recommended(points)
}

/**
 * The point to go back to. `point-not-found` when there is none, or when it belongs to another VM; `not-supported` for a backup;
 * `usage` for a time that is none.
 */
export async function choosePoint(
  ports: Ports,
  settings: VmSettings,
  vm: Vm,
  { pointId, at, undo = false, signal }: WantedPoint & { readonly signal: AbortSignal },
): Promise<RestorePoint> {
  if (undo) return lastSafetyPoint(ports, settings, pointId)
  if (pointId !== undefined) return namedPoint(ports, settings, pointId)
  const points = (await restorablePoints(ports, settings, vm, signal)).map(({ point }) => point)
  const best = at === undefined ? recommended(points) : newestAt(points, at)
  if (best !== undefined) return best
  const which = at === undefined ? 'none of them db-stopped' : `none of them to go back to from ${at} or before`
  const message = `${settings.name} has ${points.length} restore points that the hypervisor still has, ${which}`
  throw new StillshotError('point-not-found', message, { hint: 'name one with --point; `stillshot list` shows them' })
}

async function namedPoint({ catalog }: Ports, settings: VmSettings, pointId: string): Promise<RestorePoint> {
  const named = await catalog.point(pointId)
  if (named?.vm === settings.name) return rollable(named)
  const why = named === undefined ? 'there is no restore point' : `${named.vm} is the VM of restore point`
  throw new StillshotError('point-not-found', `${why} ${pointId}`)
}

/** Whoever names a time wants the data of that time: a worse grade is told, not passed over. What must not be relied on is. */
function newestAt(points: readonly RestorePoint[], at: string): RestorePoint | undefined {
  const atMs = parseInstant(at)
  if (!Number.isFinite(atMs) || !/(Z|[+-]\d\d:?\d\d)$/i.test(at)) {
    throw new StillshotError('usage', `"${at}" is no time with its zone`, {
      hint: 'as `stillshot list --json` writes it, 2026-11-27T02:30:00Z, or with an offset, 2026-11-27T03:30+01:00',
    })
  }
  return points.find(
    ({ createdAt, grade, kind }) => kind !== 'safety' && grade !== 'suspect' && parseInstant(createdAt) <= atMs,
  )
}

/** A backup is no snapshot to roll back to: only the hypervisor itself can unpack its archive. */
function rollable(point: RestorePoint): RestorePoint {
  if (point.kind === 'dump') {
    throw new StillshotError('not-supported', `restore point ${point.id} is a backup in ${point.snapshot}`, {
      hint: 'put its databases or files back with `stillshot restore VM --from backup`',
    })
  }
  if (point.kind !== 'backup') return point
  throw new StillshotError('not-supported', `restore point ${point.id} is a backup, ${point.snapshot}`, {
    hint: 'restore the archive with the hypervisor’s own tools, on Proxmox VE `qmrestore ARCHIVE VMID`',
  })
}
