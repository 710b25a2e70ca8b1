import { checkClone, cloneGuest } from '../acts/clone.ts'
import { disksOf } from '../guests/drives.ts'
import { checkConfigLock, type Guest } from '../guests/guest.ts'
import { die } from '../refusal.ts'
import { forGuests, fork } from './guest-methods.ts'
import { type Call, given, SNAPNAME, VMID } from './method.ts'

export const cloneMethods = forGuests([
  {
    method: 'POST',
    path: '/clone',
    parameters: {
      newid: VMID.vmid,
      name: { type: 'string', optional: true },
      description: { type: 'string', optional: true },
      full: { type: 'boolean', optional: true },
      // Optional in the product; without it a guest would have to be off.
      snapname: SNAPNAME.snapname,
    },
    privileges: ['VM.Clone'],
    only: 'qemu',
    code: clone,
  },
  {
    method: 'DELETE',
    path: '',
    parameters: {
      purge: { type: 'boolean', optional: true },
      'destroy-unreferenced-disks': { type: 'boolean', optional: true },
      skiplock: { type: 'boolean', optional: true },
    },
    privileges: ['VM.Allocate'],
    only: 'qemu',
    code: destroy,
  },
])

function clone(call: Call, guest: Guest): string {
  const { cluster, who, parameters } = call
  const newid = Number(given(parameters, 'newid'))
  const snapshot = given(parameters, 'snapname')
  const { name, description } = parameters
  const order = { newid, name, description, snapshot }
  cluster.accounts.demand(who, `/vms/${newid}`, ['VM.Allocate'])
  const section = checkClone(call, guest, order)
  for (const { storage } of disksOf(section)) {
    cluster.accounts.demand(who, `/storage/${storage}`, ['Datastore.AllocateSpace'])
  }
  if (section.net0 !== undefined) cluster.accounts.demand(who, '/sdn/zones/localnetwork/vmbr0', ['SDN.Use'])
  return fork(call, guest, 'clone', (context) => cloneGuest(context, section, order))
}

async function destroy(call: Call, guest: Guest): Promise<string> {
  checkConfigLock(guest)
  if (Number(guest.config.protection ?? 0)) die(`can't remove VM ${guest.vmid} - protection mode enabled`)
  if (await guest.machine.running()) die(`VM ${guest.vmid} is running - destroy failed`)
  return fork(call, guest, 'destroy', async ({ cluster, worker }) => {
    await worker.at('begun')
    cluster.guests.delete(guest.vmid)
    await worker.at('done')
  })
}
