import { FakeHypervisor } from '../../../../adapters/hypervisors/fake/fake-hypervisor.ts'
import { testHypervisor } from '../../../conformance/hypervisor.ts'
import { openFake } from './open-fake.ts'

const { capabilities } = new FakeHypervisor({ clock: { now: () => 0, sleep: async () => {} }, vms: [] })

testHypervisor({ name: 'fake', capabilities, clones: true, open: () => openFake({}) })
testHypervisor({
  name: 'fake that rolls back to the newest only and has no events',
  capabilities: { ...capabilities, rollBackToAny: false, events: false },
  clones: true,
  open: () => openFake({ rollBackToAny: false, events: false }),
})
