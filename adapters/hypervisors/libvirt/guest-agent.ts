import type { GuestAgent, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { guestExec } from './guest-exec.ts'
import type { LibvirtHost } from './host.ts'
import { wholeCall } from './whole-call.ts'

/** qemu-guest-agent through libvirt, which waits for its answer for as long as the hooks in the guest take. */
export function guestAgent(host: LibvirtHost): GuestAgent {
  const call = (command: string, doing: string, change: boolean) => {
    return async (vm: Vm, options: CallOptions = {}) => {
      await host.session.run([[command, vm.nativeId]], { ...options, doing: `${doing} ${vm.name}`, change })
    }
  }
  return {
    ping: call('domtime', 'ask the agent of', false),
    freeze: call('domfsfreeze', 'freeze', true),
    thaw: call('domfsthaw', 'thaw', true),
    exec: (vm, command, options) => wholeCall('change', options, (within) => guestExec(host, vm, command, within)),
  }
}
