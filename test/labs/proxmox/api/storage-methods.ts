import type { Storage } from '../guests/storage.ts'
import { die } from '../refusal.ts'
import { type Call, given, type Method, NODE } from './method.ts'

export const storageMethods: readonly Method[] = [
  {
    method: 'GET',
    path: '/storage',
    parameters: { type: { type: 'string', optional: true } },
    permission: 'all',
    code: configured,
  },
  {
    method: 'GET',
    path: '/storage/{storage}',
    parameters: { storage: { type: 'string' } },
    permission: { path: '/storage/{storage}', privileges: ['Datastore.Allocate'] },
    code: ({ cluster, parameters }) => configOf(storageNamed(cluster, given(parameters, 'storage'))),
  },
  {
    method: 'GET',
    path: '/nodes/{node}/storage',
    parameters: {
      ...NODE,
      content: { type: 'string', optional: true },
      enabled: { type: 'boolean', optional: true },
      storage: { type: 'string', optional: true },
    },
    permission: 'all',
    protected: true,
    code: list,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/storage/{storage}/status',
    parameters: { ...NODE, storage: { type: 'string' } },
    permission: { path: '/storage/{storage}', privileges: ['Datastore.Audit', 'Datastore.AllocateSpace'], any: true },
    protected: true,
    code: ({ cluster, node, parameters }) => {
      const name = given(parameters, 'storage')
      const storage = cluster.storages.get(name)
      if (storage === undefined) die(`storage '${name}' does not exist`)
      if (!isOn(storage, node)) die(`storage '${name}' is not available on node '${node}'`)
      return figures(storage)
    },
  },
  {
    method: 'GET',
    path: '/nodes/{node}/storage/{storage}/content',
    parameters: {
      ...NODE,
      storage: { type: 'string' },
      content: { type: 'string', optional: true },
      vmid: { type: 'integer', format: 'pve-vmid', optional: true },
    },
    permission: { path: '/storage/{storage}', privileges: ['Datastore.Audit', 'Datastore.AllocateSpace'], any: true },
    protected: true,
    code: ({ cluster, who, parameters }) => {
      const { backups = [], name } = storageNamed(cluster, given(parameters, 'storage'))
      return backups
        .filter(({ vmid }) => parameters.vmid === undefined || vmid === Number(parameters.vmid))
        .filter(({ vmid }) => mayReadBackup({ cluster, who }, name, vmid))
        .map(({ vmid, name: volume, ctime, size }) => {
          return {
            volid: `${name}:${volume}`,
            vmid,
            ctime,
            size,
            content: 'backup',
            format: 'vma.zst',
            subtype: 'qemu',
          }
        })
    },
  },
  {
    method: 'GET',
    path: '/nodes/{node}/vzdump/extractconfig',
    parameters: { ...NODE, volume: { type: 'string' } },
    permission: 'all',
    protected: true,
    code: ({ cluster, who, parameters }) => {
      const [storage = '', name = ''] = given(parameters, 'volume').split(/:(.*)/)
      const found = storageNamed(cluster, storage).backups?.find((backup) => backup.name === name)
      if (found === undefined) die(`volume '${parameters.volume}' does not exist`)
      cluster.accounts.demand(who, `/storage/${storage}`, ['Datastore.AllocateSpace'])
      cluster.accounts.demand(who, `/vms/${found.vmid}`, ['VM.Backup'])
      return found.config ?? die(`ERROR: unable to open archive - No such file or directory`)
    },
  },
]

function storageNamed(cluster: Call['cluster'], name: string): Storage {
  return cluster.storages.get(name) ?? die(`storage '${name}' does not exist`)
}

/** What may not be read is left out of the list. */
function mayReadBackup({ cluster, who }: Pick<Call, 'cluster' | 'who'>, storage: string, vmid: number): boolean {
  const { accounts } = cluster
  return (
    accounts.may(who, `/storage/${storage}`, 'Datastore.AllocateSpace') &&
    accounts.may(who, `/vms/${vmid}`, 'VM.Backup')
  )
}

/** What may not be seen is left out; Datastore.Audit is enough for the list, and not for one storage of it. */
function configured({ cluster, who, parameters }: Call): unknown {
  return [...cluster.storages.values()]
    .filter(({ type }) => (parameters.type ?? type) === type)
    .filter(
      ({ name }) =>
        cluster.accounts.missing(who, `/storage/${name}`, ['Datastore.Audit', 'Datastore.AllocateSpace'], true) ===
        undefined,
    )
    .map(configOf)
}

/** As `storage.cfg` has it: a type of the node's own disks has no `shared`. */
function configOf(storage: Storage) {
  const { name, type, nodes, shared, config } = storage
  return {
    ...{ storage: name, type, content: contentOf(storage), digest: 'b1946ac92492d2347c6235b4d2611184f0a5d2b1' },
    ...(nodes === undefined ? {} : { nodes: nodes.join(',') }),
    ...(shared === true && type === 'dir' ? { shared: 1 } : {}),
    ...config,
  }
}

function list({ cluster, node, who, parameters }: Call): unknown {
  return [...cluster.storages.values()]
    .filter((storage) => isOn(storage, node) && (parameters.storage ?? storage.name) === storage.name)
    .filter((storage) => contentOf(storage).includes(parameters.content ?? ''))
    .filter(
      ({ name }) =>
        cluster.accounts.missing(who, `/storage/${name}`, ['Datastore.Audit', 'Datastore.AllocateSpace'], true) ===
        undefined,
    )
    .map((storage) => ({ storage: storage.name, ...figures(storage) }))
}

function isOn({ nodes }: Storage, node: string): boolean {
  return nodes?.includes(node) ?? true
}

function contentOf({ backups }: Storage): string {
  return backups === undefined ? 'images' : 'images,backup'
}

function figures(storage: Storage) {
  const { type, shared, totalBytes, usedBytes } = storage
  return {
    type,
    content: contentOf(storage),
    active: 1,
    enabled: 1,
    shared: shared ? 1 : 0,
    total: totalBytes,
    used: usedBytes,
    avail: totalBytes - usedBytes,
    used_fraction: usedBytes / totalBytes,
  }
}
