import { type RestorePoint, type RunRecord, vmKey } from '../catalog/catalog.ts'
import type { Reason } from '../grade/grade.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import { type Candidate, counts, decideRetention, type RetentionPolicy } from '../policy/retention.ts'
import { parseInstant } from '../system/instant.ts'
import { type DumpEvidence, dumpEvidence } from './backup-manifest.ts'
import type { LeftSnapshot, PlannedPoint, PrunePlan } from './decide-prune.ts'
import { SAFETY_NOTE } from './plan-backup-restore.ts'

/** What prune has looked at. */
export interface BackupView {
  readonly vm: Vm
  /** Of the catalog, for this name under `vms:`. */
  readonly points: readonly RestorePoint[]
  readonly runs: readonly RunRecord[]
  /** Ids of whole backups of the VM by repository; undefined for one that does not answer. */
  readonly listed: ReadonlyMap<string, readonly string[] | undefined>
}

interface Backup {
  readonly point: RestorePoint
  readonly evidence: DumpEvidence
  readonly candidate: Candidate
  /** Backups that hold the same parts, and lie as far away, stand for each other; others never. */
  readonly group: string
}

/**
 * Which backups stay, which go, and why; nothing is touched. The last good one of each kind stays, whatever a policy says: of
 * each set of parts, and of those that were seen to lie with a third machine. Pure.
 */
export function decideBackupPrune(view: BackupView, policies: readonly RetentionPolicy[]): PrunePlan {
  const { vm, points, listed } = view
  const dumps = points.filter(({ kind }) => kind === 'dump')
  const ours = dumps.flatMap((point) => backupOf(point, vmKey(vm)))
  const there = ours.filter(({ point, evidence }) => listed.get(evidence.repository)?.includes(point.id))
  const paused = failedSince(view.runs, there)
  const fates = new Map(
    [...Map.groupBy(there, ({ group }) => group).values()].flatMap((group) => {
      const candidates = group.map(({ candidate }) => candidate).sort((one, other) => one.atMs - other.atMs)
      return decideRetention(candidates, policies).map((fate) => [fate.id, fate] as const)
    }),
  )
  const planned = ours.map(({ point, evidence }): PlannedPoint => {
    const { id, snapshot, createdAt, kind, grade } = point
    const facts = { id, snapshot, createdAt, kind, grade }
    if (listed.get(evidence.repository) === undefined) return { ...facts, fate: 'stays', reasons: [UNREACHABLE] }
    const fate = fates.get(id)
    if (fate === undefined) return { ...facts, fate: 'gone', reasons: [GONE] }
    if (fate.stays) return { ...facts, fate: 'stays', reasons: fate.reasons }
    return paused === null
      ? { ...facts, fate: 'goes', reasons: fate.reasons }
      : { ...facts, fate: 'stays', reasons: [PAUSED] }
  })
  const oldestFirst = planned.toSorted((one, other) => one.createdAt.localeCompare(other.createdAt))
  return { paused, points: oldestFirst, left: leftOf(view, dumps, ours) }
}

function backupOf(point: RestorePoint, key: string): readonly Backup[] {
  const evidence = dumpEvidence(point)
  if (evidence === undefined || point.vmKey !== key || evidence.readBack?.verified === false) return []
  const { streams, place, note } = evidence.manifest
  const parts = [...new Set(streams.map(({ part }) => part))].sort()
  const far = place?.host === 'other' ? 'elsewhere' : 'near'
  const kind = note?.startsWith(SAFETY_NOTE) === true ? 'safety' : 'snapshot'
  const candidate: Candidate = { id: point.id, atMs: parseInstant(point.createdAt), kind, grade: worthOf(point, parts) }
  return [{ point, evidence, candidate, group: `${far} ${parts.join(' ')}` }]
}

/** Files alone are of no one moment, and are whole all the same: where nothing speaks against them, a policy counts them. */
function worthOf({ grade }: RestorePoint, parts: readonly string[]): Candidate['grade'] {
  return grade === 'crash-only' && !parts.includes('databases') ? 'fs-frozen' : grade
}

/** The newest run that failed and that no good backup, still there, has followed. */
function failedSince(runs: readonly RunRecord[], there: readonly Backup[]): PrunePlan['paused'] {
  const good = new Set(there.filter(({ candidate }) => counts(candidate)).map(({ point }) => point.run))
  for (const { id, procedure, outcome, error } of runs.toSorted((a, b) => (a.id < b.id ? 1 : -1))) {
    if (good.has(id)) return null
    if (procedure !== 'take-backup' || outcome === 'done') continue
    return { run: id, message: error === undefined ? `it ended ${outcome ?? 'unknown'}` : error.message }
  }
  return null
}

function leftOf(
  { listed }: BackupView,
  dumps: readonly RestorePoint[],
  ours: readonly Backup[],
): readonly LeftSnapshot[] {
  const others = dumps
    .filter((point) => !ours.some(({ point: { id } }) => id === point.id))
    .map((point) => ({
      snapshot: point.snapshot,
      reason: dumpEvidence(point)?.readBack === undefined ? OTHER_VM : CLAIMED,
    }))
  const unknown = [...listed].flatMap(([repository, ids = []]) =>
    ids
      .filter((id) => !dumps.some((point) => point.id === id))
      .map((id) => ({ snapshot: `${repository}: ${id}`, reason: NOT_OURS })),
  )
  return [...unknown, ...others]
}

const PAUSED: Reason = { code: 'paused', message: 'nothing goes between a failed backup and the next good one' }
const UNREACHABLE: Reason = { code: 'unreachable', message: 'its repository does not answer' }
const GONE: Reason = { code: 'gone', message: 'somebody removed it from its repository' }
const OTHER_VM: Reason = { code: 'other-vm', message: 'of another VM that had this name' }
const CLAIMED: Reason = {
  code: 'claimed',
  message: 'its manifest is not signed by this coordinator: somebody may need it',
}
const NOT_OURS: Reason = { code: 'not-ours', message: 'not in this catalog; `stillshot catalog rebuild` reads it back' }
