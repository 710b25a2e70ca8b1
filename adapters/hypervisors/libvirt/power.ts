import type { PowerState, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import type { LibvirtHost } from './host.ts'
import { isAlreadyInState } from './libvirt-errors.ts'
import { powerOf } from './vm-state.ts'

export async function power(host: LibvirtHost, vm: Vm, options: CallOptions = {}): Promise<PowerState> {
  const [state = ''] = await host.session.run([['domstate', vm.nativeId]], { ...options, doing: `look at ${vm.name}` })
  return powerOf(state)
}

/** Starts or resumes; a VM that runs already is right. */
export async function powerOn(host: LibvirtHost, vm: Vm, options: CallOptions = {}): Promise<void> {
  const state = await power(host, vm, options)
  if (state === 'running') return
  const command = state === 'paused' ? 'resume' : 'start'
  const request = { ...options, doing: `${command} ${vm.name}`, change: true }
  await host.session.run([[command, vm.nativeId]], request).catch((error) => {
    if (!isAlreadyInState(error)) throw error
  })
}
