import assert from 'node:assert/strict'
import { FakeHypervisor } from '../../../../adapters/hypervisors/fake/fake-hypervisor.ts'
import type { Capabilities, VmDisk } from '../../../../src/hypervisor/hypervisor.ts'
import type { HypervisorUnderTest } from '../../../conformance/hypervisor/under-test.ts'

const DISK: VmDisk = { id: 'vda', bus: 'virtio', serial: 'first', unit: 0, sizeBytes: 16_777_216, covered: true }

/** A fake with one VM, as the conformance suite wants it. */
export async function openFake(capabilities: Partial<Capabilities>): Promise<HypervisorUnderTest> {
  let now = 1_700_000_000_000
  const clock = { now: () => (now += 1), sleep: async () => {} }
  const { serial: _, ...plain } = DISK
  const disks = [DISK, { ...plain, id: 'vdb', unit: 1 }]
  const twin = { nativeId: '102', name: 'twin' }
  const vms = [{ nativeId: '101', name: 'db1', disks }, twin, { ...twin, nativeId: '103' }]
  const hypervisor = new FakeHypervisor({ clock, vms, capabilities })
  const state = hypervisor.state('101')
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
    stop: async () => {
      if (state.power === 'off') return
      state.power = 'off'
      hypervisor.emit('101', 'stopped', 'from outside')
    },
    makeAmbiguous: async () => 'twin',
    storage: async () => state.snapshots.map(({ snapshot }) => snapshot.name),
    close: () => hypervisor.close(),
  }
}
