import { GUEST_KINDS, type GuestKindName } from '../guests/guest-kind.ts'
import { taskFields } from '../tasks/upid.ts'
import { commonFigures, statisticsOf, uptimeOf } from './guest-figures.ts'
import { type Call, type Method, NODE } from './method.ts'
import { maySeeTask } from './task-methods.ts'

/** How many ended tasks of a node /cluster/tasks shows. */
const RECENT = 25

export const clusterMethods: readonly Method[] = [
  {
    method: 'GET',
    path: '/cluster/resources',
    parameters: { type: { type: 'string', optional: true, enum: ['vm', 'storage', 'node', 'sdn'] } },
    permission: 'all',
    code: resources,
  },
  { method: 'GET', path: '/cluster/tasks', parameters: {}, permission: 'all', code: recentTasks },
  { method: 'GET', path: '/nodes', parameters: {}, permission: 'all', code: nodes },
  ...(Object.keys(GUEST_KINDS) as GuestKindName[]).map(
    (kind): Method => ({
      method: 'GET',
      path: `/nodes/{node}/${kind}`,
      parameters: { ...NODE, full: { type: 'boolean', optional: true } },
      permission: 'all',
      protected: true,
      code: (call) => guestsOfNode(call, kind),
    }),
  ),
]

async function resources(call: Call): Promise<unknown> {
  const { type } = call.parameters
  const wanted = (one: string) => type === undefined || type === one
  return [
    ...(wanted('vm') ? await guestResources(call) : []),
    ...(wanted('node') ? nodes(call) : []),
    ...(wanted('storage') ? storageResources(call) : []),
  ]
}

async function guestResources({ cluster, who }: Call): Promise<readonly object[]> {
  const seen = [...cluster.guests.values()].filter(({ vmid }) => cluster.accounts.may(who, `/vms/${vmid}`, 'VM.Audit'))
  const statistics = statisticsOf(cluster)
  return Promise.all(
    seen.map(async (guest) => ({
      id: `${guest.kind.name}/${guest.vmid}`,
      type: guest.kind.name,
      vmid: guest.vmid,
      node: guest.node,
      template: 0,
      ...(guest.pool === undefined ? {} : { pool: guest.pool }),
      ...commonFigures(guest),
      ...(await statistics.of(guest)),
    })),
  )
}

function nodes({ cluster, who }: Call): readonly object[] {
  return [...cluster.nodes.values()].map(({ name, online }) => ({
    id: `node/${name}`,
    type: 'node',
    node: name,
    status: online ? 'online' : 'offline',
    ...(cluster.accounts.may(who, `/nodes/${name}`, 'Sys.Audit')
      ? { maxcpu: 4, cpu: 0.02, uptime: 86_400, level: '' }
      : {}),
  }))
}

function storageResources({ cluster, who }: Call): readonly object[] {
  const seen = [...cluster.storages.values()].filter(({ name }) =>
    cluster.accounts.may(who, `/storage/${name}`, 'Datastore.Audit'),
  )
  return seen.flatMap(({ name, type, shared, nodes: where, totalBytes, usedBytes }) =>
    (where ?? [...cluster.nodes.keys()]).map((node) => ({
      id: `storage/${node}/${name}`,
      type: 'storage',
      storage: name,
      node,
      plugintype: type,
      status: cluster.nodes.get(node)?.online ? 'available' : 'unknown',
      shared: shared ? 1 : 0,
      content: 'images',
      maxdisk: totalBytes,
      disk: usedBytes,
    })),
  )
}

/** Running ones, and the last that ended on each node. */
function recentTasks({ cluster, who }: Call): unknown {
  const auditor = cluster.accounts.may(who, '/', 'Sys.Audit')
  const seen = cluster.tasks.all.filter((task) => auditor || maySeeTask(who, task))
  const shown = [...cluster.nodes.keys()].flatMap((node) => {
    const here = seen.filter((task) => task.node === node)
    return [...here.filter(({ running }) => running), ...here.filter(({ running }) => !running).slice(-RECENT)]
  })
  return shown.map(({ upid, node, pid, pstart, starttime, type, id, who: owner, endtime, exitStatus }) => ({
    ...taskFields(upid, { node, pid, pstart, starttime, type, id, who: owner }),
    ...(endtime === undefined ? {} : { endtime, status: exitStatus, saved: '1' }),
  }))
}

async function guestsOfNode({ cluster, node, who }: Call, kind: GuestKindName): Promise<unknown> {
  const here = [...cluster.guests.values()].filter(
    (guest) =>
      guest.node === node && guest.kind.name === kind && cluster.accounts.may(who, `/vms/${guest.vmid}`, 'VM.Audit'),
  )
  return Promise.all(
    here.map(async (guest) => {
      const running = await guest.machine.running()
      return {
        vmid: guest.vmid,
        status: running ? 'running' : 'stopped',
        uptime: running ? uptimeOf(cluster, guest) : 0,
        ...commonFigures(guest),
      }
    }),
  )
}
