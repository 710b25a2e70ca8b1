import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Storage } from '../../../src/system/storage.ts'
import type { Call } from '../../https/call.ts'
import { addressesOf } from '../../mounts/mounts.ts'
import { api, type Cluster, onNode } from './cluster.ts'
import { readConfig } from './find-vm.ts'
import { storageOf, volumesOf } from './vm-config.ts'

/** A storage as the cluster's configuration has it (storage.cfg); read where the credentials have Datastore.Audit. */
type StorageConfig = Readonly<Record<string, unknown>>

/** Types whose bytes are on the disks of the node itself, unless they are shared among nodes. */
const OF_THE_NODE = ['lvm', 'lvmthin', 'zfspool']

/** What the volumes of the VM lie on, one entry for each storage. */
export async function storageOfVm(cluster: Cluster, vm: Vm, call: Call): Promise<readonly Storage[]> {
  const errand = { call, doing: `look what ${vm.name} lies on` }
  const [config, configured] = await Promise.all([
    readConfig(cluster, vm, call),
    api(cluster, errand).storage.$get() as Promise<readonly StorageConfig[]>,
  ])
  const node = await onNode(cluster, vm, call, async (name) => name)
  const names = [...new Set(volumesOf(config).map((volume) => storageOf(volume) ?? volume.volume))]
  return Promise.all(
    names.map((name) =>
      describeStorage(
        name,
        node,
        configured.find(({ storage }) => storage === name),
      ),
    ),
  )
}

async function describeStorage(name: string, node: string, config: StorageConfig | undefined): Promise<Storage> {
  if (name.startsWith('/')) return ofNode(`${name} of node ${node}`, node)
  if (config === undefined) {
    return unknown(name, `storage ${name} may not be seen: it needs Datastore.Audit on /storage/${name}`)
  }
  const type = String(config.type)
  const server = String(config.server ?? '')
  switch (type) {
    case 'nfs':
      return share({ name, protocol: 'nfs', server, share: config.export })
    case 'cifs':
      return share({ name, protocol: 'smb', server, share: config.share })
    case 'iscsi':
    case 'iscsidirect':
    case 'zfs':
      return share({ name, protocol: 'iscsi', server: hostIn(String(config.portal ?? '')), share: config.target })
  }
  const shared = Boolean(Number(config.shared ?? 0)) || config.base !== undefined
  if (OF_THE_NODE.includes(type) && !shared) return ofNode(`${name} (${type} of node ${node})`, node)
  if (type === 'dir' || type === 'btrfs') {
    return unknown(name, `storage ${name} is folder ${config.path} of node ${node}, which does not tell what is there`)
  }
  return unknown(name, `storage ${name} of type ${type} does not tell which machine keeps it`)
}

interface Shared {
  readonly name: string
  readonly protocol: string
  readonly server: string
  readonly share: unknown
}

async function share({ name, protocol, server, share: path }: Shared): Promise<Storage> {
  if (server === '') return unknown(name, `storage ${name} names no server`)
  const shown = `storage ${name} (${server}${path === undefined ? '' : ` ${path}`})`
  const told = { kind: 'share', name: shown, protocol, server, addresses: await addressesOf(server) } as const
  return path === undefined ? told : { ...told, share: String(path) }
}

async function ofNode(name: string, node: string): Promise<Storage> {
  return { kind: 'disks', name, addresses: await addressesOf(node) }
}

/** Of `10.0.0.1`, `10.0.0.1:3260`, `[fd00::1]:3260`. */
function hostIn(portal: string): string {
  return /^\[([^\]]+)\]/.exec(portal)?.[1] ?? portal.replace(/:\d+$/, '')
}

function unknown(name: string, why: string): Storage {
  return { kind: 'unknown', name, why }
}
