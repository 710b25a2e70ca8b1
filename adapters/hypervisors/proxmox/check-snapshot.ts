import type { Finding } from '../../../src/finding.ts'
import type { CheckSnapshotOptions, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { agentFindings } from './check-agent.ts'
import { lockFindings } from './check-lock.ts'
import { notChecked, rightsFindings } from './check-rights.ts'
import type { Cluster } from './cluster.ts'
import { coverageOf, type StorageView, viewStorage } from './coverage.ts'
import { readConfig } from './find-vm.ts'
import { readSnapshotList } from './list-snapshots.ts'
import { type Config, type Drive, drivesOf, isContainer, sizeOf, storageOf, uuidOf, volumesOf } from './vm-config.ts'

/** More snapshots make reads and removals slower on most storages. */
const MANY_SNAPSHOTS = 8

const MIB = 1024 ** 2

/** Looks at everything that makes a snapshot fail, be incomplete or slow. */
export async function checkSnapshot(
  cluster: Cluster,
  vm: Vm,
  call: Call,
  { quiesce = false }: Pick<CheckSnapshotOptions, 'quiesce'> = {},
): Promise<readonly Finding[]> {
  const rights = await rightsFindings(cluster, vm, ['VM.Audit', 'VM.Snapshot'], call)
  if (rights.some(({ severity }) => severity === 'refuse')) return rights
  const [locks, config, { snapshots }] = await Promise.all([
    lockFindings(cluster, vm, call),
    readConfig(cluster, vm, call),
    readSnapshotList(cluster, vm, call),
  ])
  const [storage, agent] = await Promise.all([
    viewStorage(cluster, vm, config, call),
    agentFindings(cluster, vm, config, call, quiesce),
  ])
  const findings = [
    ...rights,
    ...locks,
    ...configurationFindings(vm, config),
    ...coverageFindings(vm, config, storage),
    ...spaceFindings(config, storage),
    ...chainFindings(snapshots.length),
    ...agent,
  ]
  if (findings.some(({ severity }) => severity === 'refuse')) return findings
  const ids = drivesOf(config).map(({ id }) => id)
  return [...findings, ok('snapshot-possible', `disks ${ids.join(', ')} can be in a snapshot`)]
}

function configurationFindings(vm: Vm, config: Config): readonly Finding[] {
  const findings: Finding[] = []
  if (Number(config.template ?? 0) === 1) {
    findings.push(refuse('vm-template', `${vm.name} is a template`, 'name a VM', 'not-supported'))
  }
  if (isContainer(config) && uuidOf(config) === '') {
    const message = `${vm.name} is a container without a network card, by whose address it could prove that it is this one`
    findings.push({ severity: 'warn', code: 'no-uuid', message, hint: 'give it one on a bridge that leads nowhere' })
  } else if (uuidOf(config) === '') {
    const message = `${vm.name} has no SMBIOS UUID, so its guest cannot prove that it is this VM`
    const hint = `\`qm set ${vm.nativeId} --smbios1 uuid=$(cat /proc/sys/kernel/random/uuid)\` on its node, then stop and start it`
    findings.push({ severity: 'warn', code: 'no-uuid', message, hint })
  }
  for (const drive of drivesOf(config).filter((each) => sizeOf(each) === 0)) {
    const message = `the size of disk ${drive.id} is not in the configuration`
    findings.push({
      severity: 'warn',
      code: 'size-unknown',
      message,
      hint: `\`${isContainer(config) ? 'pct rescan' : 'qm disk rescan'} --vmid ${vm.nativeId}\``,
    })
  }
  return findings
}

function coverageFindings(vm: Vm, config: Config, storage: StorageView): readonly Finding[] {
  const drives = drivesOf(config)
  if (drives.length === 0) {
    return [
      refuse('no-disk', `${vm.name} has no disk that a snapshot can contain`, 'give it one', 'snapshot-unsupported'),
    ]
  }
  // Where something is blamed, the others need no finding of their own.
  const volumes = storage.blamed.size > 0 ? volumesOf(config).filter(({ id }) => storage.blamed.has(id)) : drives
  return volumes.flatMap((volume) => coverageFinding(volume, storage))
}

function coverageFinding(volume: Drive, storage: StorageView): readonly Finding[] {
  const { covered, uncoveredReason } = coverageOf(volume, storage)
  if (covered) return []
  const message = `disk ${volume.id} ${uncoveredReason}`
  return [refuse('disk-not-covered', message, 'mend it, or take the disk out of the VM', 'snapshot-unsupported')]
}

/** What a snapshot must find free: a twentieth of the disks, 64 MiB at least, 1 GiB at most for each. */
function spaceFindings(config: Config, { storages }: StorageView): readonly Finding[] {
  const needed = new Map<string, number>()
  for (const drive of drivesOf(config)) {
    const storage = storageOf(drive)
    if (storage === undefined) continue
    const bytes = Math.min(1024 * MIB, Math.max(64 * MIB, sizeOf(drive) / 20))
    needed.set(storage, (needed.get(storage) ?? 0) + bytes)
  }
  return [...needed].map(([storage, bytes]) => spaceFinding(storage, bytes, storages.get(storage)?.available))
}

function spaceFinding(storage: string, needed: number, available: number | undefined): Finding {
  if (available === undefined) return notChecked(`free space on ${storage}`, `Datastore.Audit on /storage/${storage}`)
  const mib = (bytes: number) => `${Math.floor(bytes / MIB)} MiB`
  if (available >= needed) return ok('space', `${mib(available)} free on ${storage}, ${mib(needed)} needed`)
  const message = `only ${mib(available)} free on ${storage}, ${mib(needed)} needed`
  return refuse('space', message, 'free space there, or remove old restore points', 'storage-full')
}

function chainFindings(count: number): readonly Finding[] {
  if (count <= MANY_SNAPSHOTS) return []
  const message = `the VM has ${count} snapshots already`
  return [
    { severity: 'warn', code: 'chain-depth', message, hint: 'remove old restore points: each makes the disks slower' },
  ]
}

function refuse(code: string, message: string, hint: string, error: NonNullable<Finding['error']>): Finding {
  return { severity: 'refuse', code, message, hint, error }
}

function ok(code: string, message: string): Finding {
  return { severity: 'ok', code, message, hint: '' }
}
