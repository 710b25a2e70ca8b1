import type { PowerState, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import type { LibvirtHost } from './host.ts'
import { isAlreadyInState } from './libvirt-errors.ts'
import { powerOf } from './vm-state.ts'

type Named = Pick<Vm, 'nativeId' | 'name'>

export async function power(host: LibvirtHost, vm: Named, options: CallOptions = {}): Promise<PowerState> {
  return powerOf(await stateWords(host, vm, options))
}

async function stateWords(host: LibvirtHost, vm: Named, options: CallOptions): Promise<string> {
  const [words = ''] = await host.session.run([['domstate', vm.nativeId]], { ...options, doing: `look at ${vm.name}` })
  return words
}

/** Starts, resumes or wakes up; a VM that runs already is right. */
export async function powerOn(host: LibvirtHost, vm: Vm, options: CallOptions = {}): Promise<void> {
  const words = await stateWords(host, vm, options)
  const state = powerOf(words)
  if (state === 'running') return
  // libvirt resumes only what it paused itself, not what the guest's own suspend to memory stopped.
  const command = words === 'pmsuspended' ? 'dompmwakeup' : state === 'paused' ? 'resume' : 'start'
  const request = { ...options, doing: `${command} ${vm.name}`, change: true }
  await host.session.run([[command, vm.nativeId]], request).catch((error) => {
    if (!isAlreadyInState(error)) throw error
  })
}
