import type { Clones } from '../../../src/hypervisor/clones.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { type Call, wholeCall } from '../../https/call.ts'
import { checkClone } from './check-clone.ts'
import type { Cluster } from './cluster.ts'
import { createClone } from './create-clone.ts'
import { findClone } from './find-clone.ts'
import { removeClone } from './remove-clone.ts'

/** Copies of VMs at a snapshot, made by Proxmox VE's full clone. */
export function clones(cluster: Cluster): Clones {
  const whole = <Answer>(options: CallOptions | undefined, work: (call: Call) => Promise<Answer>) =>
    wholeCall({ clock: cluster.clock, product: 'Proxmox VE' }, options, work)
  return {
    check: (vm, request, options) => whole(options, (call) => checkClone(cluster, vm, request, call)),
    create: (vm, request, options) => whole(options, (call) => createClone(cluster, vm, request, call)),
    find: (vm, name, options) => whole(options, (call) => findClone(cluster, vm, name, call)),
    remove: (vm, name, options) => whole(options, (call) => removeClone(cluster, vm, name, call)),
  }
}
