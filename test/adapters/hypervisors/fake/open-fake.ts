import assert from 'node:assert/strict'
import { FakeHypervisor } from '../../../../adapters/hypervisors/fake/fake-hypervisor.ts'
import type { Capabilities, Hypervisor, VmDisk } from '../../../../src/hypervisor/hypervisor.ts'
import type { HypervisorUnderTest } from '../../../conformance/hypervisor/under-test.ts'

const DISK: VmDisk = { id: 'vda', bus: 'virtio', serial: 'first', unit: 0, sizeBytes: 16_777_216, covered: true }
const { serial: _, ...PLAIN } = DISK
const TWIN = { nativeId: '102', name: 'twin' }

/** One VM with two disks, and two of one name. */
export const VMS = [
  { nativeId: '101', name: 'db1', disks: [DISK, { ...PLAIN, id: 'vdb', unit: 1 }] },
  TWIN,
  { ...TWIN, nativeId: '103' },
]

/** A hypervisor over the books of a fake with {@link VMS}, as the conformance suite wants it. */
export async function openOver(
  hypervisor: Hypervisor,
  books: FakeHypervisor,
  stop: () => Promise<void>,
): Promise<HypervisorUnderTest> {
  const state = books.state('101')
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
    stop,
    makeAmbiguous: async () => 'twin',
    readClone: async (clone, disk) => Number(books.state(clone.nativeId).contents.get(disk)),
    storage: async () => [...state.snapshots.map(({ snapshot }) => snapshot.name), ...books.copies('101')],
    close: () => hypervisor.close(),
  }
}

export async function openFake(capabilities: Partial<Capabilities>): Promise<HypervisorUnderTest> {
  let now = 1_700_000_000_000
  const clock = { now: () => (now += 1), sleep: async () => {} }
  const hypervisor = new FakeHypervisor({ clock, vms: VMS, capabilities })
  const state = hypervisor.state('101')
  return openOver(hypervisor, hypervisor, async () => {
    if (state.power === 'off') return
    state.power = 'off'
    hypervisor.emit('101', 'stopped', 'from outside')
  })
}
