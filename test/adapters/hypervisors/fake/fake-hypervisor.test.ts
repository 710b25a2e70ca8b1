import { FakeHypervisor } from '../../../../adapters/hypervisors/fake/fake-hypervisor.ts'
import { testHypervisor } from '../../../conformance/hypervisor.ts'
import { FACTS, openFake } from './open-fake.ts'

const { capabilities } = new FakeHypervisor({ clock: { now: () => 0, sleep: async () => {} }, vms: [] })

testHypervisor({ name: 'fake', capabilities, clones: true, facts: FACTS, open: () => openFake({}) })
testHypervisor({
  name: 'fake that rolls back to the newest only and has no events',
  capabilities: { ...capabilities, rollBackToAny: false, events: false, quiesce: false },
  clones: true,
  facts: FACTS,
  open: () => openFake({ rollBackToAny: false, events: false, quiesce: false }),
})
