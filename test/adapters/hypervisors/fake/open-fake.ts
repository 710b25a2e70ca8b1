import assert from 'node:assert/strict'
import { FakeHypervisor } from '../../../../adapters/hypervisors/fake/fake-hypervisor.ts'
import type { FakeVm } from '../../../../adapters/hypervisors/fake/fake-vm.ts'
import type { Capabilities, Hypervisor, VmDisk } from '../../../../src/hypervisor/hypervisor.ts'
import { formatInstant } from '../../../../src/system/instant.ts'
import type { HypervisorUnderTest } from '../../../conformance/hypervisor/under-test.ts'

const DISK: VmDisk = { id: 'vda', bus: 'virtio', serial: 'first', unit: 0, sizeBytes: 16_777_216, covered: true }
const { serial: _, ...PLAIN } = DISK
/** What the list tells of the VM besides. */
export const FACTS = {
  tags: ['database', 'tier/gold'],
  pool: 'production/db',
  folder: '/dc1/vm',
  node: 'n1',
  cluster: 'blue',
}
const TWIN = { nativeId: '102', name: 'twin' }

/** One VM with two disks, and two of one name. */
export const VMS = [
  { nativeId: '101', name: 'db1', facts: FACTS, disks: [DISK, { ...PLAIN, id: 'vdb', unit: 1 }] },
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
  state.agent = 'silent'
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
    ...(books.listBackups === undefined || hypervisor !== books ? {} : { makeBackup: backingUp(state) }),
    storage: async () => [...state.snapshots.map(({ snapshot }) => snapshot.name), ...books.copies('101')],
    close: () => hypervisor.close(),
  }
}

function backingUp({ backups, disks }: FakeVm) {
  return async (begunMs: number) => {
    const name = `archive-${backups.length}`
    const [first] = disks.map(({ id }) => id)
    backups.push({ name, createdAt: formatInstant(begunMs), disks: first === undefined ? [] : [first], freezes: true })
    return name
  }
}

export async function openFake(capabilities: Partial<Capabilities>): Promise<HypervisorUnderTest> {
  let now = 1_700_000_000_000
  const clock = { now: () => (now += 1), sleep: async () => {} }
  const hypervisor = new FakeHypervisor({ clock, vms: VMS, capabilities, backups: true })
  const state = hypervisor.state('101')
  return openOver(hypervisor, hypervisor, async () => {
    if (state.power === 'off') return
    state.power = 'off'
    hypervisor.emit('101', 'stopped', 'from outside')
  })
}
