import { StillshotError } from '../../../src/errors.ts'
import type { AgentCommand, AgentCommandEnd, GuestAgent, PowerState, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import type { FakeCall } from './fake-faults.ts'

/** What the agent of a running guest does; a test gives its guest's. */
export interface FakeGuest {
  readonly freeze?: (vm: Vm) => Promise<void>
  readonly thaw?: (vm: Vm) => Promise<void>
  readonly exec?: (vm: Vm, command: AgentCommand) => Promise<AgentCommandEnd>
}

/** The agent in the guests of the fake: it answers while its VM runs. */
export function fakeAgent(
  guest: FakeGuest,
  world: {
    run<Answer>(call: FakeCall, options: CallOptions | undefined, work: () => Answer): Promise<Answer>
    power(vm: Vm): PowerState
  },
): GuestAgent {
  const running = (vm: Vm) => {
    if (world.power(vm) !== 'running') throw new StillshotError('hypervisor-refused', `no agent answers in ${vm.name}`)
  }
  const call = async <Answer>(
    name: FakeCall,
    vm: Vm,
    options: CallOptions | undefined,
    work: () => Promise<Answer>,
  ): Promise<Answer> =>
    await world.run(name, options, () => {
      running(vm)
      return work()
    })
  const { exec } = guest
  return {
    ping: (vm, options) => call('guestAgent.ping', vm, options, async () => {}),
    freeze: (vm, options) => call('guestAgent.freeze', vm, options, async () => guest.freeze?.(vm)),
    thaw: (vm, options) => call('guestAgent.thaw', vm, options, async () => guest.thaw?.(vm)),
    ...(exec === undefined
      ? {}
      : { exec: (vm, command, options) => call('guestAgent.exec', vm, options, () => exec(vm, command)) }),
  }
}
