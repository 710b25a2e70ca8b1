import type { Finding } from '../../../src/finding.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { onVm, type Site } from './site.ts'
import { asValue, field, flag, list, type Ref, text } from './values.ts'

/** What a command needs on the VM, by vSphere's own names. */
export const SNAPSHOT_RIGHTS = [
  'VirtualMachine.State.CreateSnapshot',
  'VirtualMachine.State.RenameSnapshot',
  'VirtualMachine.State.RemoveSnapshot',
]
export const ROLL_BACK_RIGHTS = [
  'VirtualMachine.State.RevertToSnapshot',
  'VirtualMachine.State.RenameSnapshot',
  'VirtualMachine.Interact.PowerOn',
]

/** A copy: on the VM itself, on the folder that it and the copy lie in, on its resource pool, on its datastores. */
export const CLONE_RIGHTS = {
  vm: ['VirtualMachine.Provisioning.Clone'],
  folder: [
    'VirtualMachine.Inventory.CreateFromExisting',
    'VirtualMachine.Inventory.Delete',
    'VirtualMachine.Config.AddRemoveDevice',
    'VirtualMachine.Config.AdvancedConfig',
    'VirtualMachine.Config.Annotation',
    'VirtualMachine.Config.Memory',
    'VirtualMachine.Interact.PowerOn',
    'VirtualMachine.Interact.PowerOff',
  ],
  /** More than that for one that is kept: on the folder. */
  keep: ['VirtualMachine.Config.Rename'],
  /** In the folder, for who looks into the copy: a drill. One that is only kept needs none of them. */
  inside: [
    'VirtualMachine.GuestOperations.Query',
    'VirtualMachine.GuestOperations.Modify',
    'VirtualMachine.GuestOperations.Execute',
  ],
  pool: ['Resource.AssignVMToPool'],
  datastore: ['Datastore.AllocateSpace'],
} as const

/** One finding for every privilege that is missing on the VM, or one that all are there. */
export function rightsFindings(site: Site, vm: Vm, needed: readonly string[], call: Call): Promise<readonly Finding[]> {
  return onVm(site, vm, call, (object) => rightsOn(site, { object, name: vm.name }, needed, call))
}

/** The same on any object; `name` is for people. */
export async function rightsOn(
  site: Site,
  { object, name }: { readonly object: Ref; readonly name: string },
  needed: readonly string[],
  call: Call,
): Promise<readonly Finding[]> {
  const errand = { call, doing: `look at the privileges on ${name}` }
  const { key } = await site.session.open(errand)
  const fields = { entity: asValue(object), sessionId: key, privId: needed }
  const answer = await site.session.call('HasPrivilegeOnEntities', 'authorizationManager', fields, errand)
  const granted = list(answer)
    .flatMap((entity) => list(field(entity, 'privAvailability')))
    .filter((each) => flag(field(each, 'isGranted')))
    .map((each) => text(field(each, 'privId')))
  const missing = needed.filter((privilege) => !granted.includes(privilege))
  if (missing.length === 0) {
    return [{ severity: 'ok', code: 'rights', message: `${needed.join(', ')} on ${name}`, hint: '' }]
  }
  return missing.map((privilege) => ({
    severity: 'refuse',
    code: 'missing-privilege',
    message: `${privilege} on ${name} is missing`,
    hint: `give the user a role with ${privilege} on ${object.type === 'VirtualMachine' ? 'the VM' : name} or on a folder above it`,
    error: 'hypervisor-refused',
  }))
}
