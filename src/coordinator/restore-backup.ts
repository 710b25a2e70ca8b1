import type { RestorePoint } from '../catalog/catalog.ts'
import { StillshotError } from '../errors.ts'
import type { Finding } from '../finding.ts'
import { APPLICATION_SUFFIX, applicationProfile } from '../guest/profile.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import type { Repository } from '../repository/repository.ts'
import { ulid } from '../system/ulid.ts'
import type { FilesDifference } from './compare-files.ts'
import { releaseGuest, releaseHold } from './guest-steps.ts'
import { readTime } from './judge-binlogs.ts'
import { keepLease, type Lease, leaseLimits } from './keep-lease.ts'
import { giveWayToMending, RESTORE_BACKUP } from './lock-to-mend.ts'
import { type Load, lookBeforeLoad } from './look-before-load.ts'
import { phase } from './phase.ts'
import { chooseBackup, planRestore, planWords, type RestoreSelection, SAFETY_NOTE } from './plan-backup-restore.ts'
import { pointsThere } from './points-there.ts'
import type { Phase, Ports, VmSettings } from './ports.ts'
import { refuseIfAny } from './preflight.ts'
import { replaceDatabases } from './replace-databases.ts'
import { copiedBefore, type FilesSeen, seeFiles } from './restore-files.ts'
import { type ChangesReport, changesUntil, endedBefore } from './restore-to-time.ts'
import { beginRun, endRun, failRun, lockVm, openHelper, type Run } from './run.ts'
import { LOCK_TTL_MS, makeBackup } from './take-backup.ts'
import { undoWith } from './undo-with.ts'
import { unpackFiles } from './unpack-files.ts'
import { openBackup, refuseSealed, verifyStreams } from './verify-backup.ts'
import { keepWritten, writeOver } from './write-over.ts'

export interface BackupRestoreOrder extends RestoreSelection {
  /** Default: the newest backup. */
  readonly pointId?: string
  /** Name of the VM whose backup it is; default: the one that it is put into. */
  readonly of?: string
  /** ISO 8601 with its zone: as they were then, by what the server's binary log holds since the backup. */
  readonly at?: string
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
  /** What was carried out over the backup, by `at`. */
  readonly changes?: ChangesReport
  /** Where files were written, in the guest. */
  readonly beside?: string
  /** How files and configuration differ: would be written by a restore, or were, where it was one over what is there. */
  readonly files?: readonly FilesDifference[]
}

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
  const safety = order.safety && (plan.databases.length > 0 || plan.over)
  refuseSealed(repository, { streams: manifest.streams, safety: safety || order.at !== undefined })
  const words = planWords(plan, { safety, where: point.snapshot, ...(order.at === undefined ? {} : { at: order.at }) })
  const report = { version: 1, vm: settings.name, point, plan: words } as const
  const ahead = { manifest, plan, safety, changes: order.at !== undefined }
  if (order.dryRun) return { ...report, ...(await lookOnly(ports, settings, { ...ahead, repository }, signal)) }
  const run = await beginRun(ports, settings, RESTORE_BACKUP)
  let lease: Lease | undefined
  const during = <T>(name: Phase, work: () => Promise<T>) => phase(ports, settings.name, name, work)
  try {
    const { vm, inventory, findings } = await lookBeforeLoad(ports, settings, run.helper, ahead, signal)
    await giveWayToMending(ports, vm)
    await lockVm(ports, run, vm, LOCK_TTL_MS)
    refuseIfAny(settings.name, findings)
    const looking = { clock, helper: run.helper, profile: settings.profile.name, machine: vm.uuid }
    const look = { ...looking, packers: inventory.packers ?? [], repository, manifest, signal }
    const see = (copy?: RestorePoint) => seeFiles(look, plan, inventory, copy)
    const preview = plan.over ? await during('compare', () => see()) : undefined
    refuseIfAny(settings.name, preview?.findings ?? [])
    const { streams } = manifest
    const key = { vm: manifest.vm, id: manifest.id }
    await during('verify', () => verifyStreams(clock, repository, key, { streams, signal }))
    if (plan.held) lease = await during('hold', () => holdApplication(ports, run, settings, { vm, signal }))
    const there = plan.users || inventory.databases.some(({ name }) => plan.databases.includes(name))
    const id = ulid(clock, ports.system.randomness)
    // What is held is dumped under the lease: one that is lost before anything is dropped ends it.
    const copied = copiedBefore(plan, inventory, there && !inventory.half)
    const safe = { ...copied, signal: lease?.signal ?? signal, note: `${SAFETY_NOTE} ${point.id}` } as const
    const place = { run, vm, repository, id }
    const safetyPoint = safety && copied.parts.length > 0 ? await makeBackup(ports, settings, safe, place) : undefined
    const claim = { run: run.id, way: 'drop', held: plan.held } as const
    const guest = { helper: run.helper, profile: settings.profile.name, machine: vm.uuid }
    const loading = { clock, ...guest, repository, manifest, claim, signal }
    const until = { manifest, plan, inventory, signal: lease?.signal ?? signal }
    const { at } = order
    const changes =
      at === undefined
        ? undefined
        : await during('changes', () => changesUntil(ports, settings, place, { ...until, at }))
    if (lease?.lost !== undefined) throw lease.lost
    const writing = { run, vm, loading: { ...loading, signal: lease?.signal ?? signal }, safety: safetyPoint?.id }
    const seen = plan.over ? await during('compare', () => see(safetyPoint)) : undefined
    refuseIfAny(settings.name, seen?.findings ?? [])
    const over = { ...writing, compared: seen?.compared ?? [] }
    const written = plan.over ? await during('unpack', () => writeOver(over)) : []
    if (plan.databases.length > 0) {
      await during('load', () => replaceDatabases({ run, vm, loading, plan, safetyPoint, ...changes?.loaded }))
    }
    for (const archive of plan.over ? [] : plan.archives) {
      await during('unpack', () => unpackFiles(loading, { ...archive, id: run.id }))
    }
    await lease?.end()
    const lost = lostFindings(ports, settings, lease)
    if (plan.held) await during('release', () => releaseApplication(ports, run, settings, vm))
    if (written.length > 0) await keepWritten(over, written)
    await during('after', () => endRun(ports, run, vm, { point: point.id }))
    const beside = plan.archives.length > 0 && !plan.over ? { beside: `/var/lib/stillshot/restored/${run.id}` } : {}
    const before = safetyPoint === undefined ? {} : { safetyPoint, ...undoWith(safetyPoint, plan) }
    return {
      ...report,
      findings: [...findings, ...(seen?.findings ?? []), ...lost],
      ...before,
      ...beside,
      ...filesOf(seen),
      ...changes?.report,
    }
  } catch (thrown) {
    await lease?.end()
    throw await failRun(ports, run, thrown)
  }
}

async function readWanted(ports: Ports, { name, profile }: VmSettings, order: BackupRestoreOrder) {
  const of = order.of ?? name
  if (order.at !== undefined && of !== name) {
    throw new StillshotError(
      'usage',
      '--at goes back by the log of the server that was dumped: it does not go with --into',
    )
  }
  const known = await ports.catalog.points({ vm: of })
  const { there: points } = await pointsThere(ports.repositories, known, { signal: order.signal, timeoutMs: 60_000 })
  const named = order.pointId === undefined ? undefined : (await ports.catalog.point(order.pointId))?.id
  if (order.at !== undefined && !order.parts.includes('databases')) {
    throw new StillshotError('usage', '--at is of databases only')
  }
  const past = order.at === undefined ? points : endedBefore(points, readTime(order.at, ports.system.clock.now()))
  const point = chooseBackup(past, { vm: of, id: named ?? order.pointId, wanted: order })
  const { repository, manifest } = await openBackup(ports, point, order.signal)
  return { point, repository, manifest, plan: planRestore(manifest, order, profile) }
}

async function lookOnly(
  ports: Ports,
  settings: VmSettings,
  ahead: Load & { readonly repository: Repository },
  signal: AbortSignal,
): Promise<Pick<BackupRestoreReport, 'findings' | 'files'>> {
  const helper = openHelper(ports, settings)
  const { manifest, plan, repository } = ahead
  try {
    const { vm, inventory, findings } = await lookBeforeLoad(ports, settings, helper, ahead, signal)
    if (plan.archives.length === 0 || findings.some(({ severity }) => severity === 'refuse')) return { findings }
    const looking = { clock: ports.system.clock, helper, profile: settings.profile.name, machine: vm.uuid }
    const look = { ...looking, packers: inventory.packers ?? [], repository, manifest, signal }
    const seen = await seeFiles(look, plan, inventory)
    return { findings: [...findings, ...seen.findings], ...filesOf(seen) }
  } finally {
    await helper.close()
  }
}

/**
 * Everything of the profile but the database server; started again only after every other undo has worked. A lease: it ends by
 * itself soon after nobody renews it any more.
 */
async function holdApplication(
  ports: Ports,
  run: Run,
  settings: VmSettings,
  { vm, signal }: { vm: Vm; signal: AbortSignal },
): Promise<Lease> {
  const application = `${settings.profile.name}${APPLICATION_SUFFIX}`
  const limits = leaseLimits(applicationProfile(settings.profile) ?? settings.profile)
  const { ttlMs, startMs } = limits
  const undo = { ...releaseHold(run, { ...settings, holdTtlMs: ttlMs }, vm), onlyAfterAll: true }
  const { clock } = ports.system
  const lease = {
    clock,
    helper: openHelper(ports, settings),
    hold: run.id,
    machine: vm.uuid,
    ttlMs: ttlMs - startMs,
    signal,
  }
  let kept: Lease | undefined
  try {
    await run.saga.step({ step: 'hold', undo }, () => {
      kept = keepLease(lease)
      return run.helper.hold(application, run.id, limits, { signal, machine: vm.uuid, timeoutMs: ttlMs })
    })
  } catch (thrown) {
    await kept?.end()
    throw thrown
  }
  kept?.held()
  return kept ?? keepLease(lease)
}

function filesOf(seen: FilesSeen | undefined): Pick<BackupRestoreReport, 'files'> {
  return seen === undefined ? {} : { files: seen.compared.map(({ difference }) => difference) }
}

/** Nobody's fault any more, and yet what an admin wants to hear of: the application was one step from a start that was refused. */
function lostFindings({ log }: Ports, { name }: VmSettings, lease: Lease | undefined): readonly Finding[] {
  if (lease?.lost === undefined) return []
  const message = `${lease.lost.message}: the application stayed stopped until the databases were whole`
  log.error('a hold ran out during a restore', { vm: name, message })
  return [{ severity: 'warn', code: 'lease-lost', message, hint: lease.lost.hint }]
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
