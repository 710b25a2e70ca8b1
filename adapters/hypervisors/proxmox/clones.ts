import type { Clones } from '../../../src/hypervisor/clones.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { type Call, wholeCall } from '../../https/call.ts'
import { reachByHand } from './by-hand.ts'
import { checkClone, checkStorage } from './check-clone.ts'
import type { Cluster } from './cluster.ts'
import { createClone } from './create-clone.ts'
import { findClone } from './find-clone.ts'
import { keepClone, listKept, removeKept } from './keep-clone.ts'
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
    keep: (vm, name, as, options) => whole(options, (call) => keepClone(cluster, vm, { name, as }, call)),
    listKept: (options) => whole(options, (call) => listKept(cluster, call)),
    removeKept: (copy, options) => whole(options, (call) => removeKept(cluster, copy, call)),
    checkStorage: (vm, options) => whole(options, (call) => checkStorage(cluster, vm, call)),
    reach: (copy) => reachByHand(copy.nativeId, cluster.nodes.get(copy.nativeId)),
  }
}
