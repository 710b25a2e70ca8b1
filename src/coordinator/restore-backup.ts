import type { RestorePoint } from '../catalog/catalog.ts'
import { StillshotError } from '../errors.ts'
import type { Finding } from '../finding.ts'
import { APPLICATION_SUFFIX } from '../guest/profile.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import type { UndoRecord } from '../saga/journal-event.ts'
import { ulid } from '../system/ulid.ts'
import { releaseGuest, releaseHold } from './guest-steps.ts'
import { type Loading, loadDatabases, loadUsers } from './load-databases.ts'
import { phase } from './phase.ts'
import {
  type BackupRestorePlan,
  chooseBackup,
  planRestore,
  planWords,
  type RestoreSelection,
  serverFindings,
} from './plan-backup-restore.ts'
import { pointsThere } from './points-there.ts'
import type { Phase, Ports, VmSettings } from './ports.ts'
import { refuseIfAny } from './preflight.ts'
import { beginRun, endRun, failRun, lockVm, openHelper, type Run } from './run.ts'
import { LOCK_TTL_MS, makeBackup } from './take-backup.ts'
import { unpackFiles } from './unpack-files.ts'
import { openBackup, verifyStreams } from './verify-backup.ts'

export interface BackupRestoreOrder extends RestoreSelection {
  /** Default: the newest backup. */
  readonly pointId?: string
  /** Dump what is there first; without it a restore that fails leaves databases half made. */
  readonly safety: boolean
  readonly dryRun: boolean
  readonly signal: AbortSignal
}

export interface BackupRestoreReport {
  readonly version: 1
  readonly vm: string
  readonly point: RestorePoint
  readonly plan: readonly string[]
  readonly findings: readonly Finding[]
  /** The backup of what was there before; absent without one. */
  readonly safetyPoint?: RestorePoint
  /** Where files were written, in the guest. */
  readonly beside?: string
}

/** The application stands still for as long as a dump may take; the watchdog in the guest takes no more. */
const HOLD_TTL_MS = 3_600_000
const START_MS = 120_000

/**
 * Puts databases, files or configuration of a backup back into the guest. Everything is read and compared first, then the
 * application stops (the database server runs), what is there is dumped, and only then anything is dropped. Rejects with
 * `load-failed` when it was not taken whole: the safety dump is then put back before the application starts.
 */
export async function restoreBackup(
  ports: Ports,
  settings: VmSettings,
  order: BackupRestoreOrder,
): Promise<BackupRestoreReport> {
  const { signal } = order
  const { clock } = ports.system
  const known = await ports.catalog.points({ vm: settings.name })
  const { there: points } = await pointsThere(ports.repositories, known, { signal, timeoutMs: 60_000 })
  const named = order.pointId === undefined ? undefined : (await ports.catalog.point(order.pointId))?.id
  const point = chooseBackup(points, settings.name, named ?? order.pointId)
  const { repository, manifest } = await openBackup(ports, point, signal)
  const plan = planRestore(manifest, order, settings.profile)
  const safety = order.safety && plan.databases.length > 0
  const words = planWords(plan, { safety, where: point.snapshot })
  const report = { version: 1, vm: settings.name, point, plan: words } as const
  if (order.dryRun) return { ...report, findings: await look(ports, settings, taking(manifest, plan), signal) }
  const run = await beginRun(ports, settings, 'restore-backup')
  const during = <T>(name: Phase, work: () => Promise<T>) => phase(ports, settings.name, name, work)
  try {
    const vm = await ports.hypervisor.findVm(settings.reference, { signal, timeoutMs: 30_000 })
    await lockVm(ports, run, vm, LOCK_TTL_MS)
    const inventory = await run.helper.inventory(settings.profile.name, { signal, timeoutMs: 120_000 })
    const findings = serverFindings(taking(manifest, plan), inventory)
    refuseIfAny(settings.name, findings)
    const { streams } = manifest
    const key = { vm: manifest.vm, id: manifest.id }
    await during('verify', () => verifyStreams(clock, repository, key, { streams, signal }))
    if (plan.held) await during('hold', () => holdApplication(run, settings, vm, signal))
    const there = inventory.databases.some(({ name }) => plan.databases.includes(name))
    const id = ulid(clock, ports.system.randomness)
    const note = `before the restore of ${point.id}`
    const safe = { parts: ['databases'], signal, note } as const
    const place = { run, vm, repository, id }
    const safetyPoint = safety && there ? await makeBackup(ports, settings, safe, place) : undefined
    const loading = { clock, helper: run.helper, profile: settings.profile.name, repository, manifest, signal }
    await load(ports, settings, { run, loading, plan, safetyPoint })
    for (const archive of plan.archives) {
      await during('unpack', () => unpackFiles(loading, { ...archive, id: run.id }))
    }
    if (plan.held) await during('release', () => releaseApplication(ports, run, settings, vm))
    await during('after', () => endRun(ports, run, vm, { point: point.id }))
    const beside = plan.archives.length > 0 ? { beside: `/var/lib/stillshot/restored/${run.id}` } : {}
    return { ...report, findings, ...(safetyPoint === undefined ? {} : { safetyPoint }), ...beside }
  } catch (thrown) {
    throw await failRun(ports, run, thrown)
  }
}

/** Files are put beside what is there whatever the server is, also while it is down. */
function taking({ server }: Loading['manifest'], { databases, users }: BackupRestorePlan) {
  return { server: databases.length > 0 || users ? server : null }
}

async function look(
  ports: Ports,
  settings: VmSettings,
  manifest: Pick<Loading['manifest'], 'server'>,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const helper = openHelper(ports, settings)
  try {
    return serverFindings(manifest, await helper.inventory(settings.profile.name, { signal, timeoutMs: 120_000 }))
  } finally {
    await helper.close()
  }
}

/** Everything of the profile but the database server; started again only after every other undo has worked. */
async function holdApplication(run: Run, settings: VmSettings, vm: Vm, signal: AbortSignal): Promise<void> {
  const held = { ...settings, holdTtlMs: HOLD_TTL_MS }
  const undo = { ...releaseHold(run, held, vm), onlyAfterAll: true }
  const profile = `${settings.profile.name}${APPLICATION_SUFFIX}`
  await run.saga.step({ step: 'hold', undo }, () =>
    run.helper.hold(profile, run.id, { ttlMs: HOLD_TTL_MS, startMs: START_MS }, { signal, timeoutMs: HOLD_TTL_MS }),
  )
}

async function releaseApplication(ports: Ports, run: Run, settings: VmSettings, vm: Vm): Promise<void> {
  const answer = await run.saga.step(
    { step: 'release' },
    () => releaseGuest(ports, run, settings, { machine: vm.uuid }),
    { settles: ({ ok }) => (ok ? ['hold'] : []) },
  )
  if (answer.ok) return
  const message = answer.error?.message ?? 'not everything that ran is active again'
  throw new StillshotError('come-back-failed', `${settings.name}: ${message}`)
}

interface LoadStep {
  readonly run: Run
  readonly loading: Loading
  readonly plan: BackupRestorePlan
  readonly safetyPoint: RestorePoint | undefined
}

async function load(ports: Ports, settings: VmSettings, { run, loading, plan, safetyPoint }: LoadStep): Promise<void> {
  const { databases, users } = plan
  if (databases.length === 0 && !users) return
  const undo = safetyPoint === undefined ? {} : { undo: loadBack(loading, safetyPoint, databases) }
  await phase(ports, settings.name, 'load', () =>
    run.saga.step(
      { step: 'load', ...undo },
      async () => {
        if (databases.length > 0) await loadDatabases(loading, databases)
        if (users) await loadUsers(loading)
      },
      { settles: ['load'] },
    ),
  )
}

/** The way back from a load: urgent, and before the application starts. */
function loadBack({ repository }: Loading, { vm, id }: RestorePoint, databases: readonly string[]): UndoRecord {
  return {
    action: 'load-back',
    args: { repository: repository.name, vm, id, databases: JSON.stringify(databases) },
    urgent: true,
    timeoutMs: HOLD_TTL_MS,
    byHand: `stillshot restore ${vm} --from backup --point ${id}`,
  }
}
