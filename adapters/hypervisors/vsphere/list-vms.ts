import type { ListedVm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { type Inventory, placesOf, readInventory } from './inventory.ts'
import { decodedName } from './names.ts'
import { readVms, type SeenObject } from './properties.ts'
import type { Rest } from './rest.ts'
import type { Site } from './site.ts'
import { readTags, type SeenTags } from './tags.ts'
import { flag, ref, text } from './values.ts'

const PATHS = [
  'name',
  'config.instanceUuid',
  'config.uuid',
  'config.template',
  'parent',
  'parentVApp',
  'resourcePool',
  'runtime.host',
]

/** Every VM that the user may see and that shows its configuration. Tags are vCenter's: a single ESXi host has none. */
export async function listVms(site: Site, rest: Rest, call: Call): Promise<readonly ListedVm[]> {
  const errand = { call, doing: `list the VMs of ${site.name}` }
  const { isVcenter } = await site.session.open(errand)
  const vms = await readVms(site.session, PATHS, errand)
  const apps = vms.some(({ properties }) => ref(properties.parentVApp) !== undefined)
  const inventory = await readInventory(site.session, { apps }, errand)
  const tags = isVcenter ? await readTags(rest, { call, doing: `read the tags of ${site.name}` }) : undefined
  return vms.flatMap((vm) => listed(vm, inventory, tags))
}

function listed(
  { object, properties }: SeenObject,
  inventory: Inventory,
  tags: SeenTags | undefined,
): readonly ListedVm[] {
  const nativeId = text(properties['config.instanceUuid']).toLowerCase()
  if (nativeId === '' || flag(properties['config.template'])) return []
  return [
    {
      nativeId,
      name: decodedName(text(properties.name)),
      uuid: text(properties['config.uuid']).toLowerCase(),
      tags: tags?.ofVm.get(object.value) ?? [],
      ...(tags === undefined ? {} : { visibleTags: tags.visible }),
      ...placesOf(properties, inventory),
    },
  ]
}
