import { StillshotError } from '../../../src/errors.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Clock } from '../../../src/system/clock.ts'
import type { Call } from '../../https/call.ts'
import type { Session } from './session.ts'
import { list, type Ref, ref } from './values.ts'
import type { Errand } from './vim.ts'
import { isCode } from './vsphere-errors.ts'

/** One vCenter or ESXi host, as the parts of this adapter see it. */
export interface Site {
  /** The name under `hypervisors:`. */
  readonly name: string
  readonly clock: Clock
  readonly session: Session
  /** Managed objects of VMs by their instance UUID, as this process has seen them: an id changes when a VM is registered anew. */
  readonly seen: Map<string, Ref>
  /** The disks of snapshots, which never change: by the snapshot's id. */
  readonly snapshotDisks: Map<string, readonly string[]>
}

export type KnownVm = Pick<Vm, 'nativeId' | 'name'>

/** VMs with this UUID, the instance's own or the one of the firmware. */
export async function withUuid(
  { session }: Site,
  uuid: string,
  kind: 'instance' | 'firmware',
  errand: Errand,
): Promise<readonly Ref[]> {
  const fields = { uuid: uuid.toLowerCase(), vmSearch: true, instanceUuid: kind === 'instance' }
  return list(await session.call('FindAllByUuid', 'searchIndex', fields, errand)).flatMap((each) => ref(each) ?? [])
}

/**
 * Runs the work with the VM's managed object, and once more when that turns out to be another one by now: a call to one
 * that is gone did nothing.
 */
export async function onVm<Answer>(
  site: Site,
  vm: KnownVm,
  call: Call,
  work: (object: Ref) => Promise<Answer>,
): Promise<Answer> {
  const known = site.seen.get(vm.nativeId) ?? (await locate(site, vm, call))
  try {
    return await work(known)
  } catch (error) {
    if (!isCode(error, 'vm-not-found')) throw error
    site.seen.delete(vm.nativeId)
    const now = await locate(site, vm, call)
    if (now.value === known.value) throw error
    return work(now)
  }
}

async function locate(site: Site, vm: KnownVm, call: Call): Promise<Ref> {
  const [found, ...more] = await withUuid(site, vm.nativeId, 'instance', { call, doing: `look for ${vm.name}` })
  if (found === undefined || more.length > 0) {
    throw new StillshotError('vm-not-found', `${site.name} has no VM ${vm.nativeId} (${vm.name})`, {
      hint: 'it is gone, or the user may not see it (Read-only on the VM is needed)',
    })
  }
  site.seen.set(vm.nativeId, found)
  return found
}
