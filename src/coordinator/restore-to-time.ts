import type { RestorePoint } from '../catalog/catalog.ts'
import type { InventoryAnswer } from '../guest/protocol/answers.ts'
import type { Manifest } from '../repository/manifest.ts'
import { formatInstant, parseInstant } from '../system/instant.ts'
import { ulid } from '../system/ulid.ts'
import { dumpEvidence } from './backup-manifest.ts'
import { readTime } from './judge-binlogs.ts'
import type { BackupRestorePlan } from './plan-backup-restore.ts'
import type { Ports, VmSettings } from './ports.ts'
import { saveChanges, wantedChanges } from './save-binlog.ts'
import type { BackupPlace } from './take-backup.ts'
import { verifyStreams } from './verify-backup.ts'

/** What was carried out over a backup. */
export interface ChangesReport {
  /** Holds them; nothing but these. */
  readonly point: string
  readonly changes: number
  readonly transactions: number
  /** Of the last one, by the guest's clock; null where it is not told. */
  readonly lastAt: string | null
  /** Left out: of accounts, and of databases that were not wanted or are the server's own. */
  readonly leftOut: { readonly accounts: number; readonly others: number }
}

/** Those that were whole by then: when in its time a dump was made is not told. Pure. */
export function endedBefore(points: readonly RestorePoint[], atMs: number): readonly RestorePoint[] {
  return points.filter((point) => {
    const endedAt = dumpEvidence(point)?.manifest.endedAt
    return endedAt !== undefined && parseInstant(endedAt) <= atMs
  })
}

interface Until {
  readonly manifest: Manifest
  readonly plan: Pick<BackupRestorePlan, 'databases'>
  readonly inventory: Pick<InventoryAnswer, 'databases'>
  readonly at: string
  readonly signal: AbortSignal
}

/** What is to be carried out over the backup, kept and read back before anything is dropped. */
export async function changesUntil(
  ports: Ports,
  settings: VmSettings,
  place: BackupPlace,
  { manifest, plan, inventory, at, signal }: Until,
): Promise<{ loaded: { changes: Manifest }; report: { changes: ChangesReport } }> {
  const { clock, randomness } = ports.system
  const wanted = wantedChanges(plan.databases, manifest, inventory)
  const own = { ...place, id: ulid(clock, randomness) }
  const saved = await saveChanges(ports, settings, own, { manifest, atMs: readTime(at, clock.now()), wanted, signal })
  const { streams } = saved.manifest
  await verifyStreams(clock, place.repository, { vm: settings.name, id: own.id }, { streams, signal })
  const { changes, transactions, accounts, others, lastMs } = saved.facts
  const lastAt = lastMs === undefined ? null : formatInstant(lastMs)
  const report = { point: saved.point.id, changes, transactions, lastAt, leftOut: { accounts, others } }
  return { loaded: { changes: saved.manifest }, report: { changes: report } }
}
