import { type RestorePoint, vmKey } from '../catalog/catalog.ts'
import { StillshotError } from '../errors.ts'
import type { Reason } from '../grade/grade.ts'
import { gradeDump } from '../grade/grade-dump.ts'
import type { Proof } from '../grade/proof.ts'
import { proveOneHelper } from '../guest/one-helper.ts'
import type { InventoryAnswer } from '../guest/protocol/answers.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import type { Manifest, StreamFacts } from '../repository/manifest.ts'
import { signManifest } from '../repository/manifest-signature.ts'
import type { BackupKey, BackupWriter, Repository } from '../repository/repository.ts'
import type { UndoRecord } from '../saga/journal-event.ts'
import { formatInstant } from '../system/instant.ts'
import { pointOfManifest, restoreCommands, serverFacts } from './backup-manifest.ts'
import { type BackupOrder, openRepository } from './backup-order.ts'
import { goneReasons } from './backup-paths.ts'
import { type BackupPreflight, lookBeforeBackup } from './backup-preflight.ts'
import { planStreams, type WrittenStream, writeReport, writeStream } from './backup-streams.ts'
import { loadDurableKey } from './description-key.ts'
import { proveOneMoment } from './judge-dump.ts'
import { phase } from './phase.ts'
import type { Ports, VmSettings } from './ports.ts'
import { refuseIfAny } from './preflight.ts'
import { beginRun, endRun, failRun, lockVm, type Run } from './run.ts'
import { type ConfigurationTold, configurationListener } from './tell-configuration.ts'

/**
 * Copies databases, files and configuration of a guest into a repository while everything runs. Resolves with the restore
 * point, whatever its grade. Rejects with `details.run` when there is none: nothing half made is listed, nothing is left in
 * the guest. May be repeated.
 */
export async function takeBackup(ports: Ports, settings: VmSettings, order: BackupOrder): Promise<RestorePoint> {
  const { signal } = order
  const repository = await openRepository(ports, settings, order.repository)
  const run = await beginRun(ports, settings, 'take-backup')
  try {
    const vm = await ports.hypervisor.findVm(settings.reference, { signal, timeoutMs: 30_000 })
    await lockVm(ports, run, vm, LOCK_TTL_MS)
    const point = await makeBackup(ports, settings, order, { run, vm, repository, id: run.id })
    await phase(ports, settings.name, 'after', () => endRun(ports, run, vm, { point: point.id }))
    return point
  } catch (thrown) {
    throw await failRun(ports, run, thrown)
  }
}

export interface BackupPlace {
  readonly run: Run
  readonly vm: Vm
  readonly repository: Repository
  /** Of the backup and its restore point. */
  readonly id: string
}

/** The backup itself, as a part of a run that has the VM's lock; what is half made is taken back by the run's undo. */
export async function makeBackup(
  ports: Ports,
  settings: VmSettings,
  order: BackupOrder,
  { run, vm, repository, id }: BackupPlace,
): Promise<RestorePoint> {
  const { signal, parts } = order
  const { saga, helper } = run
  const seen = await phase(ports, settings.name, 'preflight', async () => {
    const look = await lookBeforeBackup(ports, settings, { helper, vm, repository, parts, signal })
    return passedBackup(settings.name, look)
  })
  const key = { vm: settings.name, id }
  const createdAt = formatInstant(ports.system.clock.now())
  await saga.intend({ step: 'write', undo: settleBackup(repository, key) })
  const { writer, written, told } = await saga.act('write', () =>
    write(ports, settings, order, { repository, key, run, vm, seen }),
  )
  const after = await helper.inventory(settings.profile.name, { signal, timeoutMs: 120_000, machine: vm.uuid })
  const proofs = proveDump(order, seen, after)
  const described = describe(ports, order, { repository, key, vm, createdAt, seen, after, written, proofs })
  const signature = signManifest(described, await loadDurableKey(ports.system, ports.stateDirectory))
  const manifest = { ...described, signature }
  const findings = seen.findings.filter(({ severity }) => severity === 'warn')
  const made = pointOfManifest(repository, manifest, { proofs, findings, ...told })
  const point = { ...made, run: run.id }
  await saga.step({ step: 'list' }, () => list(ports, writer, point, manifest), { settles: ['write'] })
  return point
}

/** A dump of a large server takes hours; the lock is broken only after its process is dead. */
export const LOCK_TTL_MS = 86_400_000

interface Writing {
  readonly repository: Repository
  readonly key: BackupKey
  readonly run: Run
  readonly vm: Vm
  readonly seen: Required<BackupPreflight>
}

/** Every stream of the order, one after the other; nothing is listed yet. */
async function write(
  ports: Ports,
  { name, profile }: VmSettings,
  { parts, paths, signal }: BackupOrder,
  { repository, key, run, vm, seen }: Writing,
): Promise<{ writer: BackupWriter; written: readonly WrittenStream[]; told: ConfigurationTold }> {
  const { system, progress } = ports
  const { clock } = system
  const listener = await configurationListener(ports, seen.inventory, parts)
  const writer = await repository.begin(key, { signal })
  // The server tells times of changes in whole seconds: what is written from now on has a later one.
  if (seen.inventory.loose.length > 0) await clock.sleep(1_100, signal)
  const written: WrittenStream[] = []
  const { packers = [] } = seen.inventory
  const writing = { vm: name, machine: vm.uuid, clock, helper: run.helper, repository, writer, packers, signal }
  for (const plan of planStreams(profile.name, parts, seen.inventory, paths)) {
    const kind = plan.part === 'databases' ? 'dump' : 'archive'
    written.push(await phase({ system, progress }, name, kind, () => writeStream(writing, plan, listener?.of(plan))))
  }
  if (listener === undefined) return { writer, written, told: {} }
  const told = await listener.told(name)
  return { writer, written: [...written, await writeReport(writing, told.report)], told: told.evidence }
}

interface Written {
  readonly repository: Repository
  readonly key: BackupKey
  readonly vm: Vm
  readonly createdAt: string
  readonly seen: Required<BackupPreflight>
  readonly after: InventoryAnswer
  readonly written: readonly WrittenStream[]
  readonly proofs: readonly Proof[]
}

function describe(
  { system }: Ports,
  { parts, note }: BackupOrder,
  { repository, key, vm, createdAt, seen, after, written, proofs }: Written,
): Manifest {
  const streams = written.map(({ facts }) => facts)
  const position = written.find((one) => one.position !== null)?.position ?? null
  const server = parts.includes('databases') ? serverFacts(seen.inventory, position) : null
  const { grade, reasons } = gradeDump(proofs)
  const missing = seen.findings.filter(({ code }) => code === 'path-missing')
  const said = [
    ...missing.map(({ code, message }) => ({ code, message })),
    ...goneReasons(seen.inventory, after, parts),
  ]
  return {
    ...{ version: 1, kind: 'stillshot-backup', ...key, vmKey: vmKey(vm), hypervisor: vm.hypervisor, createdAt },
    ...{ endedAt: formatInstant(system.clock.now()), place: seen.place, grade },
    reasons: [...reasons, ...said, ...changedReasons(streams)],
    ...{
      server,
      streams,
      restore: restoreCommands(streams, server, repository.byHand(key)),
      ...(note === undefined ? {} : { note }),
    },
  }
}

async function list(
  { catalog }: Ports,
  writer: { finish(manifest: Manifest): Promise<void> },
  point: RestorePoint,
  manifest: Manifest,
): Promise<void> {
  await writer.finish(manifest)
  await catalog.savePoint(point)
}

/** The way back: what is half made goes, what turned out to be whole is kept and listed. */
export function settleBackup(repository: Repository, { vm, id }: BackupKey): UndoRecord {
  const byHand = repository.byHand({ vm, id }).remove
  return {
    action: 'settle-backup',
    args: { repository: repository.name, vm, id },
    urgent: false,
    timeoutMs: 120_000,
    byHand,
  }
}

function passedBackup(vm: string, seen: BackupPreflight): Required<BackupPreflight> {
  refuseIfAny(vm, seen.findings)
  const { findings, inventory, place, sameMachine } = seen
  if (inventory === undefined || place === undefined || sameMachine === undefined) {
    throw new StillshotError('defect', `${vm}: the preflight refused nothing and saw nothing`)
  }
  return { findings, inventory, place, sameMachine }
}

function proveDump(
  { parts }: BackupOrder,
  { inventory, sameMachine }: Required<BackupPreflight>,
  after: InventoryAnswer,
): readonly Proof[] {
  const moment: Proof = parts.includes('databases')
    ? proveOneMoment(inventory, after)
    : { claim: 'one-moment', verdict: 'unknown', code: 'no-databases', message: 'no database is in it' }
  return [sameMachine, proveOneHelper({ sha256: inventory.sha256 ?? '' }, [inventory, after]), moment]
}

/** Said with the grade, which is about the databases. */
function changedReasons(streams: readonly StreamFacts[]): readonly Reason[] {
  return streams
    .filter(({ changedWhileRead }) => changedWhileRead.length > 0)
    .map(({ name, changedWhileRead: [first, ...others] }) => {
      const more = others.length === 0 ? '' : ` and ${others.length} more`
      return { code: 'files-changed', message: `${name}: changed while it was read: ${first}${more}` }
    })
}
