import assert from 'node:assert/strict'
import { FakeHypervisor } from '../../adapters/hypervisors/fake/fake-hypervisor.ts'
import type { FakeVm } from '../../adapters/hypervisors/fake/fake-vm.ts'
import { VirtualClock } from '../../adapters/system/fake/virtual-clock.ts'
import type { PowerState, VmDisk } from '../../src/hypervisor/hypervisor.ts'
import type { HypervisorUnderTest } from '../conformance/hypervisor/under-test.ts'
import { testHypervisor } from '../conformance/hypervisor.ts'
import { Chance } from './chance.ts'
import { SimulatedHypervisor } from './hypervisor.ts'
import { HypervisorTroubles } from './hypervisor-troubles.ts'

const DISK: VmDisk = { id: 'vda', bus: 'virtio', serial: 'first', unit: 0, sizeBytes: 16_777_216, covered: true }
const { capabilities } = new FakeHypervisor({ clock: new VirtualClock(), vms: [] })

testHypervisor({ name: 'simulated', capabilities, open: openSimulated })

/** Without troubles it keeps the port's promises, as every adapter does. */
async function openSimulated(): Promise<HypervisorUnderTest> {
  const clock = new VirtualClock({ auto: true })
  const { serial: _, ...plain } = DISK
  const twin = { nativeId: '102', name: 'twin' }
  const disks = [DISK, { ...plain, id: 'vdb', unit: 1 }]
  const books = new FakeHypervisor({
    clock,
    vms: [{ nativeId: '101', name: 'db1', disks }, twin, { ...twin, nativeId: '103' }],
  })
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
  return {
    hypervisor,
    vm: await hypervisor.findVm('101'),
    write: async (disk, value) => {
      state.contents.set(disk, String(value))
    },
    read: async (disk) => {
      assert.equal(state.power, 'off')
      return Number(state.contents.get(disk))
    },
    stop: async () => setPower(state, 'off'),
    makeAmbiguous: async () => 'twin',
    storage: async () => state.snapshots.map(({ snapshot }) => snapshot.name),
    close: () => hypervisor.close(),
  }
}
