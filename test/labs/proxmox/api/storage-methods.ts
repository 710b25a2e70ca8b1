import type { Storage } from '../guests/storage.ts'
import { die } from '../refusal.ts'
import { type Call, given, type Method, NODE } from './method.ts'

export const storageMethods: readonly Method[] = [
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
]

function list({ cluster, node, who, parameters }: Call): unknown {
  return [...cluster.storages.values()]
    .filter((storage) => isOn(storage, node) && (parameters.storage ?? storage.name) === storage.name)
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

function figures({ type, shared, totalBytes, usedBytes }: Storage) {
  return {
    type,
    content: 'images',
    active: 1,
    enabled: 1,
    shared: shared ? 1 : 0,
    total: totalBytes,
    used: usedBytes,
    avail: totalBytes - usedBytes,
    used_fraction: usedBytes / totalBytes,
  }
}
