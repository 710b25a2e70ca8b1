import type { RestorePoint } from '../catalog/catalog.ts'
import { StillshotError } from '../errors.ts'
import type { Finding } from '../finding.ts'
import { APPLICATION_SUFFIX } from '../guest/profile.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import type { UndoRecord } from '../saga/journal-event.ts'
import { ulid } from '../system/ulid.ts'
import { releaseGuest, releaseHold } from './guest-steps.ts'
import { type Loading, loadDatabases, loadUsers } from './load-databases.ts'
import { type Load, lookBeforeLoad } from './look-before-load.ts'
import { phase } from './phase.ts'
import {
  type BackupRestorePlan,
  chooseBackup,
  planRestore,
  planWords,
  type RestoreSelection,
  SAFETY_NOTE,
} from './plan-backup-restore.ts'
import { pointsThere } from './points-there.ts'
import type { Phase, Ports, VmSettings } from './ports.ts'
import { refuseIfAny } from './preflight.ts'
import { beginRun, endRun, failRun, lockVm, openHelper, type Run } from './run.ts'
import { LOCK_TTL_MS, makeBackup } from './take-backup.ts'
import { undoWith } from './undo-with.ts'
import { unpackFiles } from './unpack-files.ts'
import { openBackup, refuseSealed, verifyStreams } from './verify-backup.ts'

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
  /** The command that puts that back, and nothing else; absent where nothing of it was there. */
  readonly undoWith?: string
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
  const wanted = await readWanted(ports, settings, order)
  const { point, repository, manifest, plan } = wanted
  const safety = order.safety && plan.databases.length > 0
  refuseSealed(repository, { streams: manifest.streams, safety })
  const words = planWords(plan, { safety, where: point.snapshot })
  const report = { version: 1, vm: settings.name, point, plan: words } as const
  const ahead = { manifest, plan, safety }
  if (order.dryRun) return { ...report, findings: await lookOnly(ports, settings, ahead, signal) }
  const run = await beginRun(ports, settings, 'restore-backup')
  const during = <T>(name: Phase, work: () => Promise<T>) => phase(ports, settings.name, name, work)
  try {
    const { vm, inventory, findings } = await lookBeforeLoad(ports, settings, run.helper, ahead, signal)
    await lockVm(ports, run, vm, LOCK_TTL_MS)
    refuseIfAny(settings.name, findings)
    const { streams } = manifest
    const key = { vm: manifest.vm, id: manifest.id }
    await during('verify', () => verifyStreams(clock, repository, key, { streams, signal }))
    if (plan.held) await during('hold', () => holdApplication(run, settings, vm, signal))
    const there = plan.users || inventory.databases.some(({ name }) => plan.databases.includes(name))
    const id = ulid(clock, ports.system.randomness)
    const safe = { parts: ['databases'], signal, note: `${SAFETY_NOTE} ${point.id}` } as const
    const place = { run, vm, repository, id }
    const safetyPoint = safety && there ? await makeBackup(ports, settings, safe, place) : undefined
    const claim = { run: run.id, way: 'drop', held: plan.held } as const
    const guest = { helper: run.helper, profile: settings.profile.name, machine: vm.uuid }
    const loading = { clock, ...guest, repository, manifest, claim, signal }
    await load(ports, settings, { run, vm, loading, plan, safetyPoint })
    for (const archive of plan.archives) {
      await during('unpack', () => unpackFiles(loading, { ...archive, id: run.id }))
    }
    if (plan.held) await during('release', () => releaseApplication(ports, run, settings, vm))
    await during('after', () => endRun(ports, run, vm, { point: point.id }))
    const beside = plan.archives.length > 0 ? { beside: `/var/lib/stillshot/restored/${run.id}` } : {}
    const before = safetyPoint === undefined ? {} : { safetyPoint, ...undoWith(safetyPoint, plan) }
    return { ...report, findings, ...before, ...beside }
  } catch (thrown) {
    throw await failRun(ports, run, thrown)
  }
}

async function readWanted(ports: Ports, { name, profile }: VmSettings, order: BackupRestoreOrder) {
  const known = await ports.catalog.points({ vm: name })
  const { there: points } = await pointsThere(ports.repositories, known, { signal: order.signal, timeoutMs: 60_000 })
  const named = order.pointId === undefined ? undefined : (await ports.catalog.point(order.pointId))?.id
  const point = chooseBackup(points, { vm: name, id: named ?? order.pointId, wanted: order })
  const { repository, manifest } = await openBackup(ports, point, order.signal)
  return { point, repository, manifest, plan: planRestore(manifest, order, profile) }
}

async function lookOnly(
  ports: Ports,
  settings: VmSettings,
  ahead: Load,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const helper = openHelper(ports, settings)
  try {
    return (await lookBeforeLoad(ports, settings, helper, ahead, signal)).findings
  } finally {
    await helper.close()
  }
}

/** Everything of the profile but the database server; started again only after every other undo has worked. */
async function holdApplication(run: Run, settings: VmSettings, vm: Vm, signal: AbortSignal): Promise<void> {
  const held = { ...settings, holdTtlMs: HOLD_TTL_MS }
  const undo = { ...releaseHold(run, held, vm), onlyAfterAll: true }
  const profile = `${settings.profile.name}${APPLICATION_SUFFIX}`
  const call = { signal, machine: vm.uuid }
  await run.saga.step({ step: 'hold', undo }, () =>
    run.helper.hold(profile, run.id, { ttlMs: HOLD_TTL_MS, startMs: START_MS }, { ...call, timeoutMs: HOLD_TTL_MS }),
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
  readonly vm: Vm
  readonly loading: Loading
  readonly plan: BackupRestorePlan
  readonly safetyPoint: RestorePoint | undefined
}

async function load(ports: Ports, settings: VmSettings, step: LoadStep): Promise<void> {
  const { run, vm, loading, plan, safetyPoint } = step
  if (plan.databases.length === 0) return
  const undo = safetyPoint === undefined ? {} : { undo: loadBack(step, safetyPoint) }
  await phase(ports, settings.name, 'load', () =>
    run.saga.step(
      { step: 'load', ...undo },
      async () => {
        await run.helper.status({ signal: loading.signal, machine: vm.uuid })
        await loadDatabases(loading, plan.databases)
        if (plan.users) await loadUsers(loading)
      },
      { settles: ['load'] },
    ),
  )
}

/** The way back from a load: urgent, and before the application starts. It ends by itself when nothing moves. */
function loadBack({ run, vm, loading, plan }: LoadStep, { vm: name, id }: RestorePoint): UndoRecord {
  const { databases, users, held } = plan
  const what = users ? 'databases and accounts' : 'databases'
  return {
    action: 'load-back',
    args: {
      ...{ repository: loading.repository.name, vm: name, id, databases: JSON.stringify(databases) },
      ...{ users: String(users), run: run.id, held: String(held), machine: vm.uuid },
    },
    urgent: true,
    timeoutMs: LOCK_TTL_MS,
    byHand:
      `stop the application, put back the ${what} ${databases.join(', ')} of backup ${id} as \`stillshot show ${id}\` tells, ` +
      `remove /var/lib/stillshot/loads/${run.id} in the guest, then \`stillshot recover\``,
  }
}
