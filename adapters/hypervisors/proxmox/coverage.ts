import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { api, type Cluster, onNode, vmApi } from './cluster.ts'
import { type Config, type Drive, storageOf, volumesOf } from './vm-config.ts'

export interface Coverage {
  readonly covered: boolean
  readonly uncoveredReason?: string
}

/** A storage of the node that the credentials may see (Datastore.Audit). */
export interface Storage {
  readonly type: string
  /** In bytes; undefined when the node does not say. */
  readonly available: number | undefined
}

/** What can be seen of where a VM's disks lie. */
export interface StorageView {
  /** Whether Proxmox VE itself says that every volume of the VM can be in a snapshot. */
  readonly hasFeature: boolean
  readonly storages: ReadonlyMap<string, Storage>
  /** Volumes that stand in the way, by their names in the configuration, with the reason. */
  readonly blamed: ReadonlyMap<string, string>
}

/** Types that cannot take a snapshot whatever is on them. */
const WITHOUT_SNAPSHOTS = ['iscsi', 'iscsidirect', 'esxi', 'pbs']

/** Types that hold images as files. */
const OF_FILES = ['dir', 'nfs', 'cifs', 'cephfs', 'glusterfs']

export async function viewStorage(
  cluster: Cluster,
  vm: Pick<Vm, 'nativeId' | 'name'>,
  config: Config,
  call: Call,
): Promise<StorageView> {
  const errand = { call, doing: `look at the storage of ${vm.name}` }
  const [{ hasFeature }, listed] = await onNode(cluster, vm, call, (node) =>
    Promise.all([
      vmApi(cluster, vm, node, errand).feature.$get({ feature: 'snapshot' }),
      api(cluster, errand).nodes.$(node).storage.$get(),
    ]),
  )
  const storages = new Map(
    listed.map(({ storage, type, avail }) => [
      storage,
      { type, available: avail === undefined ? undefined : Number(avail) },
    ]),
  )
  const possible = Boolean(Number(hasFeature))
  const blamed = possible ? [] : volumesOf(config).flatMap((drive) => blame(drive, storages))
  return { hasFeature: possible, storages, blamed: new Map(blamed) }
}

function blame(drive: Drive, storages: ReadonlyMap<string, Storage>): readonly (readonly [string, string])[] {
  const reason = reasonAgainst(drive, storages)
  return reason === undefined ? [] : [[drive.id, reason]]
}

/** Why a snapshot cannot contain the volume; undefined when nothing that can be seen speaks against it. */
function reasonAgainst(drive: Drive, storages: ReadonlyMap<string, Storage>): string | undefined {
  const storage = storageOf(drive)
  if (storage === undefined && drive.bus === 'mp') {
    return `is ${drive.volume} of the node, mounted into the container from outside, and with it Proxmox VE takes no snapshot of the container at all: move the data to a volume`
  }
  if (storage === undefined) {
    return `is ${drive.volume}, a device of the node that no storage of Proxmox VE manages: move it to a storage with snapshots`
  }
  const type = storages.get(storage)?.type
  const [, format] = /\.(raw|vmdk)$/.exec(drive.volume) ?? []
  if (format !== undefined && (type === undefined || OF_FILES.includes(type))) {
    return `is a ${format} file on ${storage}, and only qcow2 files can take snapshots: ${drive.bus === 'rootfs' || drive.bus === 'mp' ? 'move the volume to a storage with snapshots, such as ZFS or LVM-thin' : 'move the disk to the format qcow2'}`
  }
  if (type !== undefined && WITHOUT_SNAPSHOTS.includes(type)) {
    return `is on ${storage}, and storage of type ${type} takes no snapshots: move the disk to another storage`
  }
  if (type === 'lvm' && !drive.volume.endsWith('.qcow2')) {
    return `is on ${storage}, and thick LVM takes snapshots of qcow2 volumes with snapshot-as-volume-chain only: move the disk, for instance to LVM-thin`
  }
  return undefined
}

/** One volume in the way keeps all of them out; without it nobody can be blamed, the whole VM is. */
export function coverageOf(drive: Drive, { hasFeature, blamed }: StorageView): Coverage {
  if (drive.options.snapshot === '1') {
    return {
      covered: false,
      uncoveredReason: 'drops its changes at power off (snapshot=1): remove that option',
    }
  }
  if (hasFeature) return { covered: true }
  const own = blamed.get(drive.id)
  if (own !== undefined) return { covered: false, uncoveredReason: own }
  const others = [...blamed.keys()].join(', ')
  const uncoveredReason =
    others === ''
      ? 'cannot be in a snapshot, says Proxmox VE, because of this or another disk; with Datastore.Audit on the storages the one could be named'
      : `cannot be in a snapshot because of ${others}: Proxmox VE takes all disks or none`
  return { covered: false, uncoveredReason }
}
