import type { GuestAgent, Hypervisor, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { SimulatedCopies } from './copies.ts'

/** The hypervisor as a process has it, with what it does for copies; both are guarded already. */
export function withCopies(hypervisor: Hypervisor, copies: SimulatedCopies): Hypervisor {
  const isCopy = ({ nativeId }: Vm) => nativeId.startsWith('copy-')
  const powerOn: Hypervisor['powerOn'] = (vm, options) => (isCopy(vm) ? copies : hypervisor).powerOn(vm, options)
  const power: Hypervisor['power'] = (vm, options) => (isCopy(vm) ? copies : hypervisor).power(vm, options)
  const all: Hypervisor = Object.create(hypervisor)
  for (const [name, value] of Object.entries({
    powerOn,
    power,
    clones: copies,
    guestAgent: agentOf(hypervisor, copies),
  }))
    Object.defineProperty(all, name, { value })
  return all
}

function agentOf({ guestAgent }: Hypervisor, copies: SimulatedCopies): GuestAgent | undefined {
  if (guestAgent === undefined) return undefined
  const { ping, freeze, thaw } = guestAgent
  return {
    ping: (vm, options) => (vm.nativeId.startsWith('copy-') ? copies.ping(vm, options) : ping(vm, options)),
    freeze,
    thaw,
    exec: (vm, command, options) => copies.exec(vm, command, options),
  }
}
