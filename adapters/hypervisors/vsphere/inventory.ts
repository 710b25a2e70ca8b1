import type { ListedVm, Place } from '../../../src/hypervisor/hypervisor.ts'
import { type Properties, readAll } from './properties.ts'
import type { Session } from './session.ts'
import { type Ref, ref, text } from './values.ts'
import type { Errand } from './vim.ts'

/** What VMs lie in and run on, as far as the user may see it. */
export interface Inventory {
  readonly root: Ref
  /** By id. */
  readonly entities: ReadonlyMap<string, Entity>
}

export interface Entity {
  readonly object: Ref
  /** As vSphere writes it: a `/` of the name is `%2f`. */
  readonly name: string
  readonly parent: Ref | undefined
  /** Of a vApp, which lies in a folder like a VM. */
  readonly parentFolder: Ref | undefined
}

const TYPES = ['Folder', 'Datacenter', 'ComputeResource', 'HostSystem', 'ResourcePool']

/** A few objects for each hundred VMs. `apps`: whether there are VMs in vApps, whose folders are then asked for. */
export async function readInventory(
  session: Session,
  { apps: withApps }: { readonly apps: boolean },
  errand: Errand,
): Promise<Inventory> {
  const { manager } = await session.open(errand)
  const seen = await readAll(session, TYPES, ['name', 'parent'], errand)
  const apps = withApps ? await readAll(session, ['VirtualApp'], ['parentFolder'], errand) : []
  const folders = new Map(apps.map(({ object, properties }) => [object.value, ref(properties.parentFolder)]))
  const entities = seen.map(({ object, properties }): [string, Entity] => {
    const [name, parent] = [text(properties.name), ref(properties.parent)]
    return [object.value, { object, name, parent, parentFolder: folders.get(object.value) }]
  })
  return { root: manager('rootFolder'), entities: new Map(entities) }
}

/** Where a VM stands. What it must have and the user may not see is `hidden`. Pure. */
export function placesOf(
  properties: Properties,
  inventory: Inventory,
): Pick<ListedVm, 'pool' | 'folder' | 'node' | 'cluster' | 'hidden'> {
  const folder = folderOf(properties, inventory)
  const pool = poolOf(ref(properties.resourcePool), inventory)
  const host = entityAt(ref(properties['runtime.host']), inventory)
  const owner = pool?.owner ?? entityAt(host?.parent, inventory)
  const hidden: Place[] = [
    ...(pool === undefined ? ['pool' as const] : []),
    ...(folder === undefined ? ['folder' as const] : []),
    ...(host === undefined ? ['node' as const] : []),
    ...(owner === undefined ? ['cluster' as const] : []),
  ]
  return {
    ...(pool === undefined || pool.path === '' ? {} : { pool: pool.path }),
    ...(folder === undefined ? {} : { folder }),
    ...(host === undefined ? {} : { node: host.name }),
    ...(owner?.object.type === 'ClusterComputeResource' ? { cluster: owner.name } : {}),
    ...(hidden.length === 0 ? {} : { hidden }),
  }
}

/** The path from the root to the VM's folder; of a VM in a vApp, to that of the outermost vApp. */
function folderOf({ parent, parentVApp }: Properties, inventory: Inventory): string | undefined {
  let at = ref(parent)
  let app = at === undefined ? entityAt(ref(parentVApp), inventory) : undefined
  while (at === undefined && app !== undefined) {
    at = app.parentFolder
    app = entityAt(app.parent, inventory)
  }
  const above = chainOf(at, inventory, ({ value }) => value === inventory.root.value)
  return above === undefined ? undefined : `/${above.map(({ name }) => name).join('/')}`
}

/** Pools from below the cluster's or host's own, which has no name of its own. */
function poolOf(at: Ref | undefined, inventory: Inventory): { path: string; owner: Entity | undefined } | undefined {
  const isOwner = ({ type }: Ref) => /ComputeResource$/.test(type)
  const above = chainOf(at, inventory, isOwner)
  const [own, ...below] = above ?? []
  if (own === undefined) return undefined
  return { path: below.map(({ name }) => name).join('/'), owner: entityAt(own.parent, inventory) }
}

/** What stands between the end and `at`, from above, without the end; undefined where a part of it is not seen. */
function chainOf(at: Ref | undefined, inventory: Inventory, isEnd: (object: Ref) => boolean): Entity[] | undefined {
  const chain: Entity[] = []
  let object = at
  while (object !== undefined && !isEnd(object)) {
    const entity = entityAt(object, inventory)
    if (entity === undefined || chain.includes(entity)) return undefined
    chain.unshift(entity)
    object = entity.parent
  }
  return object === undefined ? undefined : chain
}

function entityAt(object: Ref | undefined, { entities }: Inventory): Entity | undefined {
  return object === undefined ? undefined : entities.get(object.value)
}
