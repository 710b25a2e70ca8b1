import { FakeHypervisor } from '../../adapters/hypervisors/fake/fake-hypervisor.ts'
import type { FakeVm } from '../../adapters/hypervisors/fake/fake-vm.ts'
import { VirtualClock } from '../../adapters/system/fake/virtual-clock.ts'
import type { PowerState } from '../../src/hypervisor/hypervisor.ts'
import { FACTS, openOver, VMS } from '../adapters/hypervisors/fake/open-fake.ts'
import type { HypervisorUnderTest } from '../conformance/hypervisor/under-test.ts'
import { testHypervisor } from '../conformance/hypervisor.ts'
import { Chance } from './chance.ts'
import { SimulatedHypervisor } from './hypervisor.ts'
import { HypervisorTroubles } from './hypervisor-troubles.ts'

const { capabilities } = new FakeHypervisor({ clock: new VirtualClock(), vms: [] })

testHypervisor({ name: 'simulated', capabilities, facts: FACTS, open: openSimulated })

/** Without troubles it keeps the port's promises, as every adapter does. */
async function openSimulated(): Promise<HypervisorUnderTest> {
  const clock = new VirtualClock({ auto: true })
  const books = new FakeHypervisor({ clock, vms: VMS })
  const state = books.state('101')
  const setPower = (vm: FakeVm, power: PowerState) => {
    if (vm.power === power) return
    vm.power = power
    books.emit(vm.nativeId, power === 'off' ? 'stopped' : 'started', power)
  }
  const machines = {
    content: (vm: FakeVm) => JSON.stringify([...vm.contents]),
    putBack: (vm: FakeVm, content: string) => {
      for (const [disk, value] of JSON.parse(content)) vm.contents.set(disk, value)
    },
    powerOff: (vm: FakeVm) => setPower(vm, 'off'),
    powerOn: (vm: FakeVm) => setPower(vm, 'running'),
    power: (vm: FakeVm) => vm.power,
    onArrival: () => {},
    onPointInTime: () => {},
  }
  const hypervisor = new SimulatedHypervisor(books, clock, machines, new HypervisorTroubles(new Chance(1)))
  return openOver(hypervisor, books, async () => setPower(state, 'off'))
}
