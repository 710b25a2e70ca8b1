import assert from 'node:assert/strict'
import { type HypervisorSuite, hypervisorCase, rejectsWith, snapshotOf } from './under-test.ts'

const NAME = 'stillshot-01ARZ3NDEKTSV4RRFFQ69G5FAV'
const REQUEST = { snapshotName: 's1', name: NAME }

/** A hypervisor that makes copies, and none of this VM. */
export function noCloneOfThis(suite: HypervisorSuite): void {
  hypervisorCase(
    suite,
    'a VM of which no copies are made is refused by name, before anything is done',
    async (under) => {
      const { vm, hypervisor } = under
      const { clones } = hypervisor
      assert.ok(clones !== undefined)
      await snapshotOf(under, 's1', 1)
      const storage = await under.storage()
      const findings = await clones.check(vm, REQUEST)
      assert.ok(findings.some(({ severity, message }) => severity === 'refuse' && message.includes(vm.name)))
      await rejectsWith('not-supported', clones.create(vm, REQUEST))
      assert.equal(await clones.find(vm, NAME), undefined)
      await clones.remove(vm, NAME)
      assert.deepEqual(await under.storage(), storage)
    },
  )
}
