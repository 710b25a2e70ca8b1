import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Entity,
  type Inventory,
  placesOf,
  readInventory,
} from '../../../../adapters/hypervisors/vsphere/inventory.ts'
import type { Session } from '../../../../adapters/hypervisors/vsphere/session.ts'
import { field, list, type Ref } from '../../../../adapters/hypervisors/vsphere/values.ts'

/** `Folder f1`. */
function at(words: string | undefined): Ref | undefined {
  const [type = '', value = ''] = words?.split(' ') ?? []
  return words === undefined ? undefined : { type, value }
}

function entity(object: string, name: string, parent: string, parentFolder?: string): Entity {
  return { object: at(object) as Ref, name, parent: at(parent), parentFolder: at(parentFolder) }
}

const ENTITIES = [
  entity('Datacenter dc', 'dc1', 'Folder root'),
  entity('Folder vms', 'vm', 'Datacenter dc'),
  entity('Folder f1', 'data%2fbases', 'Folder vms'),
  entity('Folder hosts', 'host', 'Datacenter dc'),
  entity('ClusterComputeResource c1', 'blue', 'Folder hosts'),
  entity('ResourcePool rp0', 'Resources', 'ClusterComputeResource c1'),
  entity('ResourcePool rp1', 'production', 'ResourcePool rp0'),
  entity('ResourcePool rp2', 'db', 'ResourcePool rp1'),
  entity('HostSystem h1', 'esx1', 'ClusterComputeResource c1'),
  entity('ComputeResource s1', 'esx2', 'Folder hosts'),
  entity('ResourcePool rp9', 'Resources', 'ComputeResource s1'),
  entity('HostSystem h2', 'esx2', 'ComputeResource s1'),
  entity('VirtualApp a1', 'shop', 'ResourcePool rp1', 'Folder f1'),
  entity('VirtualApp a2', 'inner', 'VirtualApp a1'),
]

function inventory(without: readonly string[] = []): Inventory {
  const seen = ENTITIES.filter(({ object }) => !without.includes(object.value))
  return { root: at('Folder root') as Ref, entities: new Map(seen.map((each) => [each.object.value, each])) }
}

/** A VM as the server tells it. */
function vm(properties: Readonly<Record<string, string>>) {
  const told = Object.entries(properties).map(([name, words]) => {
    const { type, value } = at(words) as Ref
    return [name, { attributes: { type }, $value: value }]
  })
  return Object.fromEntries(told)
}

const DB1 = vm({ parent: 'Folder f1', resourcePool: 'ResourcePool rp2', 'runtime.host': 'HostSystem h1' })

test('a VM in folders, pools and a cluster', () => {
  assert.deepEqual(placesOf(DB1, inventory()), {
    pool: 'production/db',
    folder: '/dc1/vm/data%2fbases',
    node: 'esx1',
    cluster: 'blue',
  })
})

test('the pool that each host and cluster has of itself is none, and a host alone is no cluster', () => {
  const alone = vm({ parent: 'Folder vms', resourcePool: 'ResourcePool rp9', 'runtime.host': 'HostSystem h2' })
  assert.deepEqual(placesOf(alone, inventory()), { folder: '/dc1/vm', node: 'esx2' })
})

test('a VM in a vApp stands in the folder of the outermost one, and in the vApp as in a pool', () => {
  const inside = vm({ parentVApp: 'VirtualApp a2', resourcePool: 'VirtualApp a2', 'runtime.host': 'HostSystem h1' })
  const { folder, pool } = placesOf(inside, inventory())
  assert.deepEqual([folder, pool], ['/dc1/vm/data%2fbases', 'production/shop/inner'])
})

test('what may not be seen is hidden, at whatever level it is', () => {
  const cases: readonly [readonly string[], readonly string[]][] = [
    [['f1'], ['folder']],
    [['dc'], ['folder']],
    [['rp1'], ['pool']],
    [['h1'], ['node']],
    [
      ['rp2', 'h1'],
      ['pool', 'node', 'cluster'],
    ],
    [['c1'], ['cluster']],
  ]
  for (const [without, hidden] of cases) {
    const places = placesOf(DB1, inventory(without))
    assert.deepEqual(places.hidden, hidden, String(without))
    for (const place of hidden) assert.equal(places[place as 'pool'], undefined)
  }
  assert.deepEqual(placesOf({}, inventory()).hidden, ['pool', 'folder', 'node', 'cluster'])
})

test('the inventory is read by type, and the folders of vApps only where there are any', async () => {
  const value = (type: string, id: string) => ({ attributes: { type }, $value: id })
  const app = { obj: value('VirtualApp', 'a1'), propSet: { name: 'parentFolder', val: value('Folder', 'f1') } }
  const pool = {
    obj: value('VirtualApp', 'a1'),
    propSet: [
      { name: 'name', val: 'shop' },
      { name: 'parent', val: value('ResourcePool', 'rp1') },
    ],
  }
  const asked: string[] = []
  const answer = (operation: string, fields: unknown) => {
    if (operation === 'CreateContainerView') {
      asked.push(list(field(fields, 'type')).join(' '))
      return value('ContainerView', 'v')
    }
    const paths = list(field(fields, 'specSet', 'propSet')).flatMap((each) => list(field(each, 'pathSet')))
    return operation === 'RetrievePropertiesEx' ? { objects: paths.includes('parentFolder') ? app : pool } : undefined
  }
  const session = {
    open: async () => ({ manager: () => at('Folder root') }),
    call: async (operation: string, _target: unknown, fields: unknown) => answer(operation, fields),
  } as unknown as Session
  const errand = { call: { signal: new AbortController().signal, changeSent: false }, doing: 'try' }
  const read = async (apps: boolean) => (await readInventory(session, { apps }, errand)).entities.get('a1')
  assert.deepEqual(await read(true), entity('VirtualApp a1', 'shop', 'ResourcePool rp1', 'Folder f1'))
  assert.equal((await read(false))?.parentFolder, undefined)
  const types = 'Folder Datacenter ComputeResource HostSystem ResourcePool'
  assert.deepEqual(asked, [types, 'VirtualApp', types])
})
