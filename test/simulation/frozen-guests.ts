import { StillshotError } from '../../src/errors.ts'
import type { GuestAgent, Vm } from '../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../src/system/clock.ts'

/** `travel`: there and back to a hypervisor that may not be reached. */
export interface AgentWorld {
  travel<T>(options: CallOptions | undefined, look: () => T): Promise<T>
  runs(nativeId: string): boolean
}

/** Which guests have frozen file systems, by the native ids of their VMs: by a task, or left so by one that died. */
export class FrozenGuests extends Set<string> {
  /** The agent in each guest, which answers while it runs. */
  agent({ travel, runs }: AgentWorld): GuestAgent {
    const ask = ({ nativeId, name }: Vm, options: CallOptions | undefined, act: () => unknown): Promise<void> =>
      travel(options, () => {
        if (!runs(nativeId)) throw new StillshotError('hypervisor-refused', `no agent answers in ${name}`)
        act()
      })
    return {
      ping: (vm, options) => ask(vm, options, () => {}),
      freeze: (vm, options) => ask(vm, options, () => this.add(vm.nativeId)),
      thaw: (vm, options) => ask(vm, options, () => this.delete(vm.nativeId)),
    }
  }
}
