import { createSnapshot } from '../acts/create-snapshot.ts'
import { removeSnapshot } from '../acts/remove-snapshot.ts'
import { rollBack } from '../acts/roll-back.ts'
import { checkConfigLock, describe, digestOf, type Guest } from '../guests/guest.ts'
import { copiesSnapshots, hasSnapshotFeature } from '../guests/storage.ts'
import { die } from '../refusal.ts'
import { inDisorder } from './disorder.ts'
import { forGuests, fork } from './guest-methods.ts'
import { type Call, given, SNAPNAME } from './method.ts'

export const snapshotMethods = forGuests([
  { method: 'GET', path: '/snapshot', privileges: ['VM.Audit'], code: list },
  {
    method: 'POST',
    path: '/snapshot',
    parameters: {
      ...SNAPNAME,
      vmstate: { type: 'boolean', optional: true },
      description: { type: 'string', optional: true },
    },
    privileges: ['VM.Snapshot'],
    code: create,
  },
  {
    method: 'DELETE',
    path: '/snapshot/{snapname}',
    parameters: { ...SNAPNAME, force: { type: 'boolean', optional: true } },
    privileges: ['VM.Snapshot'],
    code: (call, guest) =>
      fork(call, guest, 'delsnapshot', (context) =>
        removeSnapshot(context, given(call.parameters, 'snapname'), call.parameters.force === '1'),
      ),
  },
  {
    method: 'POST',
    path: '/snapshot/{snapname}/rollback',
    parameters: { ...SNAPNAME, start: { type: 'boolean', optional: true } },
    privileges: ['VM.Snapshot', 'VM.Snapshot.Rollback'],
    any: true,
    code: putBack,
  },
  {
    method: 'GET',
    path: '/snapshot/{snapname}/config',
    parameters: SNAPNAME,
    privileges: ['VM.Snapshot', 'VM.Snapshot.Rollback', 'VM.Audit'],
    any: true,
    code: ({ parameters }, { snapshots }) => {
      const name = given(parameters, 'snapname')
      return snapshots.get(name) ?? die(`snapshot '${name}' does not exist`)
    },
  },
  {
    method: 'PUT',
    path: '/snapshot/{snapname}/config',
    parameters: { ...SNAPNAME, description: { type: 'string', optional: true } },
    privileges: ['VM.Snapshot'],
    code: changeDescription,
  },
  {
    method: 'GET',
    path: '/feature',
    parameters: {
      feature: { type: 'string', enum: ['snapshot', 'clone', 'copy'] },
      snapname: { ...SNAPNAME.snapname, optional: true },
    },
    privileges: ['VM.Audit'],
    code: feature,
  },
])

/** In no order, but for "current", which is last. */
async function list({ cluster }: Call, guest: Guest): Promise<unknown> {
  const { config, snapshots, machine } = guest
  const entries = [...snapshots].map(([name, { snaptime, vmstate, description, parent, snapstate }]) => ({
    name,
    snaptime: snaptime ?? 0,
    vmstate: vmstate === undefined ? 0 : 1,
    description: description ?? '',
    ...(parent === undefined ? {} : { parent }),
    ...(snapstate === undefined ? {} : { snapstate }),
  }))
  const online = cluster.nodes.get(guest.node)?.online === true
  const current = {
    name: 'current',
    digest: digestOf(guest),
    running: online && (await machine.running()) ? 1 : 0,
    description: 'You are here!',
    ...(config.parent === undefined ? {} : { parent: config.parent }),
  }
  return [...inDisorder(entries, ({ name }) => name), current]
}

function create(call: Call, guest: Guest): string {
  const name = given(call.parameters, 'snapname')
  if (name === 'current' || name.toLowerCase() === 'pending') {
    die(`unable to use snapshot name '${name}' (reserved name)`)
  }
  const { description = '', vmstate } = call.parameters
  const order = { name, description, withMemory: vmstate === '1' }
  return fork(call, guest, 'snapshot', (context) => createSnapshot(context, order))
}

function putBack(call: Call, guest: Guest): string {
  const start = call.parameters.start === '1'
  if (start) call.cluster.accounts.demand(call.who, `/vms/${guest.vmid}`, ['VM.PowerMgmt'])
  const name = given(call.parameters, 'snapname')
  return fork(call, guest, 'rollback', (context) => rollBack(context, name, start))
}

async function changeDescription({ cluster, parameters }: Call, guest: Guest): Promise<null> {
  const name = given(parameters, 'snapname')
  await cluster.lockConfig(guest, undefined, () => {
    checkConfigLock(guest)
    const section = guest.snapshots.get(name) ?? die(`snapshot '${name}' does not exist`)
    if (parameters.description !== undefined) describe(section, parameters.description)
  })
  return null
}

function feature({ cluster, parameters }: Call, guest: Guest): unknown {
  const { snapname } = parameters
  const config = snapname === undefined ? guest.config : guest.snapshots.get(snapname)
  if (config === undefined) die(`snapshot '${snapname}' does not exist`)
  const can = snapname === undefined ? () => true : copiesSnapshots
  const supports = parameters.feature === 'snapshot' ? hasSnapshotFeature : can
  const has = supports(config, cluster.storages)
  return { hasFeature: has ? 1 : 0, nodes: has ? [...cluster.nodes.keys()] : [] }
}
