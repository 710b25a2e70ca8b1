import type { Finding } from '../../../src/finding.ts'
import type { CloneRequest } from '../../../src/hypervisor/clones.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { agentRightsFindings } from './agent-rights.ts'
import { notChecked, rightsFindings } from './check-rights.ts'
import { cloneId } from './clone-mark.ts'
import { type Cluster, kindOf, onNode, vmApi } from './cluster.ts'
import { type StorageView, viewStorage } from './coverage.ts'
import { lookAtClone } from './find-clone.ts'
import { readConfig } from './find-vm.ts'
import { isNameTaken } from './keep-clone.ts'
import { readSnapshotConfig, readSnapshotList, snapshotNamed } from './list-snapshots.ts'
import { type Config, drivesOf, macsOf, sizeOf, storageOf, volumesOf } from './vm-config.ts'

/** On the VM, and on the copy, whose id is not known to the administrator: on `/vms`. */
const ON_VM = ['VM.Audit', 'VM.Clone']
const ON_COPY = [
  'VM.Audit',
  'VM.Allocate',
  'VM.Config.Network',
  'VM.Config.Memory',
  'VM.Config.Options',
  'VM.PowerMgmt',
]

const MIB = 1024 ** 2

export async function checkClone(
  cluster: Cluster,
  vm: Vm,
  { snapshotName, name, as }: CloneRequest,
  call: Call,
): Promise<readonly Finding[]> {
  snapshotNamed(vm, await readSnapshotList(cluster, vm, call), snapshotName)
  if (kindOf(cluster, vm) === 'lxc') {
    const message = `${vm.name} is a container: in a copy of it nobody could be asked anything without a network, for it has no guest agent`
    return [refuse('container', message, 'try the restore on the container itself, or move the database to a VM')]
  }
  const copy = { nativeId: cloneId(name) }
  const [config, onVm, onCopy, inCopy, feature, before] = await Promise.all([
    readSnapshotConfig(cluster, vm, snapshotName, call),
    rightsFindings(cluster, vm, ON_VM, call),
    rightsFindings(cluster, copy, ON_COPY, call),
    agentRightsFindings(cluster, copy, 'VM.GuestAgent.Unrestricted', call),
    featureFindings(cluster, vm, snapshotName, call),
    lookAtClone(cluster, vm, name, call),
  ])
  const storage = await viewStorage(cluster, vm, config, call)
  // Proxmox VE says that one is in the way; which one can be seen where the storages may be.
  const named = feature.length === 0 ? [] : storageFindings(vm, config, storage)
  return [
    ...onVm,
    ...onCopy,
    ...inCopy,
    ...(named.length > 0 ? named : feature),
    ...(before.state === 'none'
      ? []
      : [refuse('name-taken', `there is a VM ${name}, or ${before.nativeId}`, 'take another')]),
    ...(as !== undefined && (await isNameTaken(cluster, as, call))
      ? [refuse('name-taken', `there is a VM ${as} already`, 'take another name')]
      : []),
    ...passedThrough(vm, config),
    ...argumentFindings(vm, config),
    ...startsAtBoot(vm, config),
    ...hookFindings(config),
    ...spaceFindings(config, storage),
  ]
}

/** The types of storage that keep snapshots and copy what a disk is now, but not what it was. */
const COPY_NO_SNAPSHOT: Readonly<Record<string, string>> = { zfspool: 'ZFS', zfs: 'ZFS over iSCSI' }

/** Which of the VM's disks lie where Proxmox VE copies no snapshot from, each with what to do. */
export async function checkStorage(cluster: Cluster, vm: Vm, call: Call): Promise<readonly Finding[]> {
  const config = await readConfig(cluster, vm, call)
  return storageFindings(vm, config, await viewStorage(cluster, vm, config, call))
}

function storageFindings(vm: Vm, config: Config, { storages }: StorageView): readonly Finding[] {
  return volumesOf(config).flatMap((drive): readonly Finding[] => {
    const storage = storageOf(drive)
    const kind = COPY_NO_SNAPSHOT[storages.get(storage ?? '')?.type ?? '']
    if (kind === undefined) return []
    const message = `${drive.id} lies on ${storage} (${kind}), from which Proxmox VE copies no snapshot`
    const hint = `to try or to copy its restore points, move ${drive.id} to LVM-thin, RBD or qcow2 files: \`qm disk move ${vm.nativeId} ${drive.id} STORAGE\``
    return [refuse('no-copy', message, hint)]
  })
}

async function featureFindings(cluster: Cluster, vm: Vm, snapname: string, call: Call): Promise<readonly Finding[]> {
  const errand = { call, doing: `look whether ${vm.name} can be copied at ${snapname}` }
  const { hasFeature } = await onNode(cluster, vm, call, (node) =>
    vmApi(cluster, vm, node, errand).feature.$get({ feature: 'copy', snapname }),
  )
  if (Number(hasFeature)) return []
  const message = `the storage of ${vm.name} cannot copy its disks as ${snapname} has them`
  return [refuse('no-copy', message, 'move the disks to a storage that can: LVM-thin, RBD, or qcow2 files')]
}

/** Devices of the node are in the copy's configuration as well, and one VM at a time can have them. */
function passedThrough({ name }: Vm, config: Config): readonly Finding[] {
  const devices = Object.keys(config).filter(
    (key) => /^((hostpci|usb|serial|parallel|virtiofs)\d+|ivshmem)$/.test(key) && isOfHost(config[key]),
  )
  if (devices.length === 0) return []
  const message = `${name} has devices of its node (${devices.join(', ')}), which a copy cannot have at the same time`
  return [refuse('passed-through', message, 'such a VM cannot be copied for a trial')]
}

/** Whatever QEMU is told: another network card, a folder of the node. Only root can take them out of a configuration. */
function argumentFindings({ name, nativeId }: Vm, { args }: Config): readonly Finding[] {
  if (args === undefined) return []
  const message = `${name} has arguments for QEMU of its own (args), which a copy would have as well`
  return [refuse('own-arguments', message, `\`qm set ${nativeId} --delete args\` before the next snapshot`)]
}

/**
 * Proxmox VE copies the network cards and the start at boot, and its task goes on when we die: what it then leaves is a twin of
 * the VM that the node starts when it boots. Only what is in the snapshot counts, so that no other moment of ours has to.
 */
function startsAtBoot({ name, nativeId }: Vm, config: Config): readonly Finding[] {
  if (!Number(config.onboot ?? 0) || macsOf(config).length === 0) return []
  const message = `${name} starts at boot (onboot), and so would a copy that keeps its network cards because stillshot was killed over it`
  const hint = `\`qm set ${nativeId} --onboot 0\` before the next snapshot, and let the high availability manager start it (\`ha-manager add vm:${nativeId}\`)`
  return [refuse('starts-at-boot', message, hint)]
}

/** Only root can take it out of a configuration. */
function hookFindings({ hookscript }: Config): readonly Finding[] {
  if (hookscript === undefined) return []
  const message = `the hook script ${hookscript} will run for the copy, too, when it is started and stopped`
  return [{ severity: 'warn', code: 'hook-script', message, hint: 'let it do nothing for ids above 900000000' }]
}

function isOfHost(value: unknown): boolean {
  return !/^(socket|spice)\b/.test(String(value))
}

/** The copy may come to need all of it, and needs less where the storage leaves out what is empty. */
function spaceFindings(config: Config, { storages }: StorageView): readonly Finding[] {
  const needed = new Map<string, number>()
  for (const drive of drivesOf(config)) {
    const storage = storageOf(drive)
    if (storage !== undefined) needed.set(storage, (needed.get(storage) ?? 0) + sizeOf(drive))
  }
  return [...needed].map(([storage, bytes]): Finding => {
    const free = storages.get(storage)?.available
    if (free === undefined) return notChecked(`free space on ${storage}`, `Datastore.Audit on /storage/${storage}`)
    const message = `${Math.floor(free / MIB)} MiB free on ${storage}, the copy may grow to ${Math.floor(bytes / MIB)} MiB`
    if (free >= bytes) return { severity: 'ok', code: 'space', message, hint: '' }
    return { severity: 'warn', code: 'space', message, hint: 'watch it, or make room' }
  })
}

function refuse(code: string, message: string, hint: string): Finding {
  return { severity: 'refuse', code, message, hint, error: 'hypervisor-refused' }
}
