import type { GuestAgent, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import type { LibvirtHost } from './host.ts'

/** qemu-guest-agent through libvirt, which waits for its answer for as long as the hooks in the guest take. */
export function guestAgent({ session }: LibvirtHost): GuestAgent {
  const call = (command: string, doing: string, change: boolean) => {
    return async (vm: Vm, options: CallOptions = {}) => {
      await session.run([[command, vm.nativeId]], { ...options, doing: `${doing} ${vm.name}`, change })
    }
  }
  return {
    ping: call('domtime', 'ask the agent of', false),
    freeze: call('domfsfreeze', 'freeze', true),
    thaw: call('domfsthaw', 'thaw', true),
  }
}
