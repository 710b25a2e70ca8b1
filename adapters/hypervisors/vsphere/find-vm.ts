import { StillshotError } from '../../../src/errors.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { isUuidEnabled, readHardware } from './hardware.ts'
import { decodedName } from './names.ts'
import { powerOf } from './power.ts'
import { type Properties, readObject, readVms, type SeenObject } from './properties.ts'
import { type Site, withUuid } from './site.ts'
import { flag, isSameRef, type Ref, ref, text } from './values.ts'
import { isFault } from './vsphere-errors.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** What {@link vmFrom} reads. */
export const VM_PATHS = [
  'name',
  'config.uuid',
  'config.instanceUuid',
  'config.flags.diskUuidEnabled',
  'config.extraConfig',
  'config.hardware.device',
  'config.template',
  'runtime.powerState',
]

/** How many names an error lists. */
const MOST_NAMES = 50

/** By instance UUID, UUID of the firmware, inventory path (`/DC/vm/folder/db1`), or a name that only one VM has. */
export async function findVm(site: Site, reference: string, call: Call): Promise<Vm> {
  const errand = { call, doing: `look for ${reference}` }
  const found = unique([
    ...(UUID.test(reference) ? await withUuid(site, reference, 'instance', errand) : []),
    ...(UUID.test(reference) ? await withUuid(site, reference, 'firmware', errand) : []),
    ...(reference.includes('/') ? await atPath(site, reference, call) : []),
  ])
  const objects = found.length > 0 ? found : await named(site, reference, call)
  const [object] = objects
  if (object !== undefined && objects.length === 1) return readVm(site, object, call)
  const who = await Promise.all(objects.map((each) => readVm(site, each, call)))
  const list = who.map(({ nativeId, name }) => `${nativeId} (${name})`).join(', ')
  throw new StillshotError('vm-ambiguous', `${reference} means ${list}`, {
    hint: 'name the VM by its instance UUID, or by its inventory path',
  })
}

/** Of the VMs that the user may see. */
export async function countUuid(site: Site, uuid: string, call: Call): Promise<number> {
  return (await withUuid(site, uuid, 'firmware', { call, doing: `count the VMs with UUID ${uuid}` })).length
}

/** Every VM that the user may see, with what tells them apart. */
export async function listVms(
  site: Site,
  call: Call,
): Promise<readonly { object: Ref; name: string; nativeId: string }[]> {
  const errand = { call, doing: `list the VMs of ${site.name}` }
  const seen = await readVms(site.session, ['name', 'config.instanceUuid', 'config.template'], errand)
  return seen.filter(isVm).map(({ object, properties }) => ({
    object,
    name: nameIn(properties),
    nativeId: text(properties['config.instanceUuid']).toLowerCase(),
  }))
}

function isVm({ properties }: SeenObject): boolean {
  return !flag(properties['config.template'])
}

async function atPath(site: Site, path: string, call: Call): Promise<readonly Ref[]> {
  const errand = { call, doing: `look for ${path}` }
  const inventoryPath = path.replace(/^\/+/, '')
  const found = ref(await site.session.call('FindByInventoryPath', 'searchIndex', { inventoryPath }, errand))
  return found?.type === 'VirtualMachine' ? [found] : []
}

/** At least one. */
async function named(site: Site, name: string, call: Call): Promise<readonly Ref[]> {
  const all = await listVms(site, call)
  const found = all.filter((vm) => vm.name === name).map(({ object }) => object)
  if (found.length > 0) return found
  throw new StillshotError('vm-not-found', `${site.name} has no VM ${name}`, {
    details: { names: all.slice(0, MOST_NAMES).map((vm) => vm.name) },
    hint: 'name the VM by its inventory path or instance UUID; the user sees only VMs on which it has a role',
  })
}

async function readVm(site: Site, object: Ref, call: Call): Promise<Vm> {
  const errand = { call, doing: `read ${object.value}` }
  const properties = await readObject(site.session, object, VM_PATHS, errand).catch((error: unknown) => {
    if (!isFault(error, 'ManagedObjectNotFound')) throw error
    throw new StillshotError('vm-not-found', `${object.value} has gone meanwhile`, { cause: error })
  })
  const vm = vmFrom(site, properties)
  if (vm.nativeId === '') {
    throw new StillshotError('hypervisor-refused', `${vm.name} shows no configuration`, {
      hint: 'the VM is inaccessible, or the user lacks the role Read-only on it',
    })
  }
  site.seen.set(vm.nativeId, object)
  return vm
}

export function vmFrom({ name }: Pick<Site, 'name'>, properties: Properties): Vm {
  const { disks, macs } = hardwareIn(properties)
  return {
    hypervisor: name,
    nativeId: text(properties['config.instanceUuid']).toLowerCase(),
    name: nameIn(properties),
    uuid: text(properties['config.uuid']).toLowerCase(),
    power: powerOf(properties['runtime.powerState']),
    macs,
    disks: disks.map(({ file: _file, datastore: _datastore, ...disk }) => disk),
  }
}

export function hardwareIn(properties: Properties) {
  const flags = { diskUuidEnabled: properties['config.flags.diskUuidEnabled'] }
  return readHardware(properties['config.hardware.device'], isUuidEnabled(flags, properties['config.extraConfig']))
}

function nameIn(properties: Properties): string {
  return decodedName(text(properties.name))
}

function unique(objects: readonly Ref[]): readonly Ref[] {
  return objects.filter((object, index) => objects.findIndex((other) => isSameRef(other, object)) === index)
}
