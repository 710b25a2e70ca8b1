import { StillshotError } from '../../../src/errors.ts'
import type { GuestLogin, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import type { FileTransfer } from './file-transfer.ts'
import type { Operation } from './operations.ts'
import { readObject } from './properties.ts'
import { onVm, type Site } from './site.ts'
import { asValue, type Ref, ref, type Value } from './values.ts'
import type { Errand, Fields } from './vim.ts'

/** Which part of the guest operations has a call. */
type Manager = 'authManager' | 'processManager' | 'fileManager'

/** A guest as VMware Tools let an account of it in. */
export interface GuestAccess {
  readonly site: Site
  readonly files: FileTransfer
  readonly vm: Vm
  readonly login: GuestLogin
}

/** One call of the guest operations; the password goes with each, there is no session in a guest. */
export async function askGuest(
  { site, vm, login }: GuestAccess,
  { manager, operation }: { manager: Manager; operation: Operation },
  fields: Fields,
  errand: Errand,
): Promise<Value> {
  const target = await managerOf(site, manager, errand)
  const auth = {
    attributes: { 'xsi:type': 'NamePasswordAuthentication' },
    interactiveSession: false,
    username: login.user,
    password: await login.password(),
  }
  return onVm(site, vm, errand.call, (object) =>
    site.session.call(operation, target, { vm: asValue(object), auth, ...fields }, errand),
  )
}

async function managerOf(site: Site, name: Manager, errand: Errand): Promise<Ref> {
  const { manager } = await site.session.open(errand)
  const properties = await readObject(site.session, manager('guestOperationsManager'), [name], errand)
  const found = ref(properties[name])
  if (found !== undefined) return found
  throw new StillshotError('not-supported', `${errand.doing}: this server has no guest operations`)
}

/** Whether VMware Tools answer in the guest and take the login. */
export async function pingGuest(access: GuestAccess, call: Call): Promise<void> {
  const errand = { call, doing: `log in to ${access.vm.name} through VMware Tools as ${access.login.user}` }
  await askGuest(access, { manager: 'authManager', operation: 'ValidateCredentialsInGuest' }, {}, errand)
}
