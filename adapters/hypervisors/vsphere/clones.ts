import type { Clones } from '../../../src/hypervisor/clones.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { type Call, wholeCall } from '../../https/call.ts'
import { reachByHand } from './by-hand.ts'
import { checkClone, checkStorage } from './check-clone.ts'
import { createClone } from './create-clone.ts'
import { findClone } from './find-clone.ts'
import { keepClone, listKept, removeKept } from './keep-clone.ts'
import { removeClone } from './remove-clone.ts'
import type { Site } from './site.ts'

/** Copies of VMs at a snapshot: vCenter's linked clones. */
export function clones(site: Site): Clones {
  const run = <Answer>(options: CallOptions | undefined, work: (call: Call) => Promise<Answer>) =>
    wholeCall({ clock: site.clock, product: 'vSphere' }, options, work)
  return {
    check: (vm, request, options) => run(options, (call) => checkClone(site, vm, request, call)),
    create: (vm, request, options) => run(options, (call) => createClone(site, vm, request, call)),
    find: (vm, name, options) => run(options, (call) => findClone(site, vm, name, call)),
    remove: (vm, name, options) => run(options, (call) => removeClone(site, vm, name, call)),
    keep: (vm, name, as, options) => run(options, (call) => keepClone(site, vm, { name, as }, call)),
    listKept: (options) => run(options, (call) => listKept(site, call)),
    removeKept: (copy, options) => run(options, (call) => removeKept(site, copy, call)),
    checkStorage: (vm, options) => run(options, (call) => checkStorage(site, vm, call)),
    reach: ({ nativeId }) => reachByHand(nativeId),
  }
}
