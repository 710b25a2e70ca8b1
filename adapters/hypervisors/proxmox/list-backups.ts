import { StillshotError } from '../../../src/errors.ts'
import type { Backup, Vm } from '../../../src/hypervisor/hypervisor.ts'
import { formatInstant } from '../../../src/system/instant.ts'
import type { Call } from '../../https/call.ts'
import { api, type Cluster, onNode } from './cluster.ts'
import { isCode } from './run-task.ts'
import { type Config, drivesOf, freezesOnBackup, isContainer, storageOf } from './vm-config.ts'

/** When the jobs began with the VM. */
export interface Begun {
  readonly fromMs: number
  readonly toMs: number
}

interface Archive {
  readonly volid: string
  /** Seconds since 1970. */
  readonly ctime: number
}

/** A Proxmox Backup Server shows a backup that still runs without its size. */
const NO_SIZE = 1

/** Archives of vzdump on the storages that the VM's node has and the credentials may see; what is on one that is away is not there. */
export async function listBackups(cluster: Cluster, vm: Vm, begun: Begun, call: Call): Promise<readonly Backup[]> {
  return onNode(cluster, vm, call, async (node) => {
    const archives = await listArchives(cluster, vm, node, call)
    const near = archives.filter(({ ctime }) => ctime * 1000 >= begun.fromMs && ctime * 1000 <= begun.toMs)
    const ordered = near.toSorted((one, other) => one.ctime - other.ctime)
    return Promise.all(ordered.map((archive) => backupOf(cluster, node, archive, call)))
  })
}

async function listArchives(cluster: Cluster, vm: Vm, node: string, call: Call): Promise<readonly Archive[]> {
  const errand = { call, doing: `list the backups of ${vm.name}` }
  const here = api(cluster, errand).nodes.$(node)
  const storages = await here.storage.$get({ content: 'backup', enabled: true })
  if (storages.length === 0) {
    throw new StillshotError('hypervisor-refused', `${errand.doing}: no storage for backups may be seen on ${node}`, {
      hint: 'give Datastore.AllocateSpace on the storages of backups, and VM.Backup on the VM',
    })
  }
  const lists = await Promise.all(
    storages
      .filter(({ active }) => Boolean(Number(active ?? 1)))
      .map(({ storage }) =>
        here.storage
          .$(storage)
          .content.$get({ content: 'backup', vmid: Number(vm.nativeId) })
          .catch(notNow),
      ),
  )
  return lists
    .flat()
    .filter(({ size }) => Number(size) > NO_SIZE)
    .map(({ volid, ctime }) => ({ volid, ctime: Number(ctime) }))
}

/** What a storage that may be seen refuses is a fault of the moment: it may have what is looked for. */
function notNow(error: unknown): never {
  if (!isCode(error, 'hypervisor-refused')) throw error
  throw new StillshotError('hypervisor-unreachable', error.message, { cause: error, hint: error.hint })
}

async function backupOf(cluster: Cluster, node: string, { volid, ctime }: Archive, call: Call): Promise<Backup> {
  const text = await readArchivedConfig(cluster, node, volid, call)
  return {
    name: volid,
    createdAt: formatInstant(ctime * 1000),
    disks: disksIn(text),
    freezes: text === '' || freezesOnBackup(configIn(text)),
  }
}

/** An archive of a VM lists its disks; one of a container has its root file system, and the mount points that are marked for backups. */
function disksIn(text: string): readonly string[] {
  const mapped = [...text.matchAll(/^#qmdump#map:(\w+):/gm)].flatMap(([, disk]) => disk ?? [])
  const config = configIn(text)
  if (!isContainer(config)) return mapped
  return drivesOf(config)
    .filter((drive) => drive.bus === 'rootfs' || (drive.options.backup === '1' && storageOf(drive) !== undefined))
    .map(({ id }) => id)
}

/** Empty where it cannot be read: then nothing is known to be in the archive. */
async function readArchivedConfig(cluster: Cluster, node: string, volume: string, call: Call): Promise<string> {
  const errand = { call, doing: `read the configuration in ${volume}` }
  try {
    return String(await api(cluster, errand).nodes.$(node).vzdump.extractconfig.$get({ volume }))
  } catch (error) {
    if (isCode(error, 'hypervisor-refused')) return ''
    throw error
  }
}

/** `key: value` of each line. */
function configIn(text: string): Config {
  return Object.fromEntries(
    [...text.matchAll(/^(\w+): (.*)$/gm)].map(([, key = '', value = '']) => [key, value.trim()]),
  )
}
