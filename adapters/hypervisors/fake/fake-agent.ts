import { StillshotError } from '../../../src/errors.ts'
import type { GuestAgent, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { FakeVm } from './fake-vm.ts'

/** The agent in the guests of a fake: it freezes what {@link FakeVm.frozen} says, unless it is silent. */
export function fakeAgent(stateOf: (nativeId: string) => FakeVm): GuestAgent {
  const ask = async ({ nativeId }: Vm, act: (state: FakeVm) => void) => {
    const state = stateOf(nativeId)
    if (state.agent === 'silent') throw new StillshotError('hypervisor-refused', `the agent of ${state.name} is silent`)
    act(state)
  }
  return {
    ping: (vm) => ask(vm, () => {}),
    freeze: (vm) =>
      ask(vm, (state) => {
        if (state.frozen) throw new StillshotError('hypervisor-refused', `${state.name} is frozen already`)
        state.frozen = true
      }),
    thaw: (vm) =>
      ask(vm, (state) => {
        state.frozen = false
      }),
  }
}
