import type { Finding } from '../../../src/finding.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { onVm, type Site } from './site.ts'
import { asValue, field, flag, list, text } from './values.ts'

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

/** One finding for every privilege that is missing on the VM, or one that all are there. */
export async function rightsFindings(
  site: Site,
  vm: Vm,
  needed: readonly string[],
  call: Call,
): Promise<readonly Finding[]> {
  const errand = { call, doing: `look at the privileges on ${vm.name}` }
  const { key } = await site.session.open(errand)
  const answer = await onVm(site, vm, call, (object) => {
    const fields = { entity: asValue(object), sessionId: key, privId: needed }
    return site.session.call('HasPrivilegeOnEntities', 'authorizationManager', fields, errand)
  })
  const granted = list(answer)
    .flatMap((entity) => list(field(entity, 'privAvailability')))
    .filter((each) => flag(field(each, 'isGranted')))
    .map((each) => text(field(each, 'privId')))
  const missing = needed.filter((privilege) => !granted.includes(privilege))
  if (missing.length === 0) {
    return [{ severity: 'ok', code: 'rights', message: `${needed.join(', ')} on ${vm.name}`, hint: '' }]
  }
  return missing.map((privilege) => ({
    severity: 'refuse',
    code: 'missing-privilege',
    message: `${privilege} on ${vm.name} is missing`,
    hint: `give the user a role with ${privilege} on the VM or on a folder above it`,
    error: 'hypervisor-refused',
  }))
}
