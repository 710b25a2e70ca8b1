import type { Finding } from '../../../src/finding.ts'
import { NEWEST_ONLY, NOT_NEWEST, type Vm, WITH_MEMORY } from '../../../src/hypervisor/hypervisor.ts'
import { formatInstant } from '../../../src/system/instant.ts'
import type { Call } from '../../https/call.ts'
import { lockFindings } from './check-lock.ts'
import { rightsFindings } from './check-rights.ts'
import type { Cluster } from './cluster.ts'
import { type StorageView, viewStorage } from './coverage.ts'
import { readConfig } from './find-vm.ts'
import {
  type ListedSnapshot,
  readSnapshotConfig,
  readSnapshotList,
  type SnapshotList,
  snapshotNamed,
} from './list-snapshots.ts'
import { readStatus } from './power.ts'
import { type Config, drivesOf, storageOf } from './vm-config.ts'

/** What a roll back would lose or change, or why it cannot be done. `snapshot-not-found` when it is gone. */
export async function checkRollBack(
  cluster: Cluster,
  vm: Vm,
  snapshotName: string,
  call: Call,
): Promise<readonly Finding[]> {
  const list = await readSnapshotList(cluster, vm, call)
  const snapshot = snapshotNamed(vm, list, snapshotName)
  const [config, before, status, rights, locks] = await Promise.all([
    readConfig(cluster, vm, call),
    readSnapshotConfig(cluster, vm, snapshotName, call),
    readStatus(cluster, vm, call),
    rightsFindings(cluster, vm, ['VM.Snapshot', 'VM.PowerMgmt'], call),
    lockFindings(cluster, vm, call),
  ])
  const storage = await viewStorage(cluster, vm, config, call)
  return [
    ...rights.filter(({ severity }) => severity !== 'ok'),
    ...locks,
    ...fitness(snapshot, config),
    ...orderFindings(list, snapshot, before, storage),
    ...changedConfiguration(config, before),
    ...(status.managed ? [managed(vm)] : []),
    {
      severity: 'warn',
      code: 'writes-lost',
      message: `what ${vm.name} wrote since ${formatInstant(snapshot.snaptime * 1000)} is lost unless a snapshot holds it`,
      hint: 'take a safety snapshot first',
    },
  ]
}

function fitness({ name, snaptime, unfinished, withMemory }: ListedSnapshot, config: Config): readonly Finding[] {
  const findings: Finding[] = []
  if (unfinished !== undefined) {
    const message = `snapshot ${name} is not whole: Proxmox VE was interrupted while it ${unfinished === 'prepare' ? 'made' : 'removed'} it`
    findings.push(refuse('snapshot-unfinished', message, 'pick another restore point', 'snapshot-unsupported'))
  }
  if (withMemory) {
    const when = formatInstant(snaptime * 1000)
    const message = `snapshot ${name} holds the memory too: the VM runs on as it was at ${when}, its server with it, and its clock stands there`
    const hint = 'a hold that is open in it is released, and its clock set, after the roll back'
    findings.push({ severity: 'warn', code: WITH_MEMORY, message, hint, consent: 'memory' })
  }
  if (Number(config.template ?? 0) === 1) {
    findings.push(refuse('vm-template', 'the VM is a template', 'a template cannot be rolled back', 'not-supported'))
  }
  return findings
}

/** Storages that roll back to their newest snapshot only. */
function orderFindings(
  { snapshots }: SnapshotList,
  { name }: ListedSnapshot,
  before: Config,
  { storages }: StorageView,
): readonly Finding[] {
  const newer = snapshots.slice(snapshots.findIndex((snapshot) => snapshot.name === name) + 1)
  const names = [...new Set(drivesOf(before).flatMap((drive) => storageOf(drive) ?? []))]
  const rigid = names.filter((storage) => /^zfs/.test(storages.get(storage)?.type ?? ''))
  const unseen = names.filter((storage) => !storages.has(storage))
  const later = newer.map((snapshot) => snapshot.name).join(', ')
  if (newer.length === 0) return rigid.length === 0 ? [] : [newestOnly(rigid)]
  if (rigid.length > 0) {
    const message = `${name} is not the newest snapshot, and ZFS (${rigid.join(', ')}) rolls back to the newest only`
    const hint = `remove the newer ones first, if they can be missed: ${later}; a safety snapshot would be newer, too`
    return [refuse(NOT_NEWEST, message, hint, 'not-supported')]
  }
  if (unseen.length === 0) return []
  const message = `not checked whether ${unseen.join(', ')} can roll back past newer snapshots (${later})`
  const hint = 'Datastore.Audit on the storage shows its type; ZFS and volume chains cannot'
  return [{ severity: 'warn', code: 'not-checked', message, hint }]
}

function newestOnly(rigid: readonly string[]): Finding {
  return {
    severity: 'warn',
    code: NEWEST_ONLY,
    message: `ZFS (${rigid.join(', ')}) rolls back to the newest snapshot only, and a safety snapshot would be newer`,
    hint: 'roll back without a safety snapshot, or copy what is still needed first',
  }
}

/** What every roll back changes, and what belongs to the snapshot alone. */
const OWN_KEYS =
  /^(digest|parent|snaptime|snapstate|vmstate|description|vmgenid|runningmachine|runningcpu|running-nets-host-mtu|lock|meta|unused\d+)$/

function changedConfiguration(now: Config, before: Config): readonly Finding[] {
  const keys = [...new Set([...Object.keys(now), ...Object.keys(before)])].filter((key) => !OWN_KEYS.test(key))
  const changed = keys.filter((key) => String(now[key] ?? '') !== String(before[key] ?? ''))
  const added = drivesOf(now).filter(({ id }) => drivesOf(before).every((drive) => drive.id !== id))
  const findings: Finding[] = []
  if (changed.length > 0) {
    const message = `the configuration goes back, too: ${changed.toSorted().join(', ')}`
    findings.push({ severity: 'warn', code: 'configuration-replaced', message, hint: 'set again what is still wanted' })
  }
  if (added.length > 0) {
    const message = `not in the snapshot and taken out of the VM: ${added.map(({ id }) => id).join(', ')}`
    const hint = 'the data stay as an unused disk, which can be added again'
    findings.push({ severity: 'warn', code: 'disk-not-in-snapshot', message, hint })
  }
  return findings
}

function managed({ nativeId }: Vm): Finding {
  return {
    severity: 'warn',
    code: 'ha-managed',
    message: 'high availability manages the VM and may start it again as soon as the roll back has stopped it',
    hint: `\`ha-manager set vm:${nativeId} --state ignored\` before, and --state started after`,
  }
}

function refuse(code: string, message: string, hint: string, error: NonNullable<Finding['error']>): Finding {
  return { severity: 'refuse', code, message, hint, error }
}
