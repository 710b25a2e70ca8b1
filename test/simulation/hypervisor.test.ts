import { FakeHypervisor } from '../../adapters/hypervisors/fake/fake-hypervisor.ts'
import type { FakeVm } from '../../adapters/hypervisors/fake/fake-vm.ts'
import { VirtualClock } from '../../adapters/system/fake/virtual-clock.ts'
import type { PowerState } from '../../src/hypervisor/hypervisor.ts'
import { FACTS, openOver, VMS } from '../adapters/hypervisors/fake/open-fake.ts'
import type { HypervisorUnderTest } from '../conformance/hypervisor/under-test.ts'
import { testHypervisor } from '../conformance/hypervisor.ts'
import { Chance } from './chance.ts'
import { FLAVOURS, type Flavour } from './flavour.ts'
import { SimulatedHypervisor } from './hypervisor.ts'
import { HypervisorTroubles } from './hypervisor-troubles.ts'

const { capabilities } = new FakeHypervisor({ clock: new VirtualClock(), vms: [] })

for (const flavour of FLAVOURS) {
  testHypervisor({
    name: `simulated, ${flavour.name}`,
    capabilities,
    clones: true,
    facts: FACTS,
    open: () => openSimulated(flavour),
  })
}

/** Without troubles it keeps the port's promises, as every adapter does. */
async function openSimulated(flavour: Flavour): Promise<HypervisorUnderTest> {
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
    freeze: async () => {},
    thaw: async () => {},
    stun: async () => {},
    onArrival: () => {},
    onPointInTime: () => {},
  }
  const troubles = new HypervisorTroubles(new Chance(1))
  const hypervisor = new SimulatedHypervisor(books, { clock, machines, troubles, flavour })
  const subject = await openOver(hypervisor, books, async () => setPower(state, 'off'))
  return { ...subject, readClone: async (copy, disk) => Number(contentOf(books.state(copy.nativeId)).get(disk)) }
}

/** A copy begins with what a snapshot holds: all disks in one word. */
function contentOf({ contents }: FakeVm): ReadonlyMap<string, string> {
  return new Map(JSON.parse(contents.get('vda') ?? '[]'))
}
