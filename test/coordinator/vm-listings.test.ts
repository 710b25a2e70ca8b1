import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeHypervisor } from '../../adapters/hypervisors/fake/fake-hypervisor.ts'
import { vmListings } from '../../src/coordinator/vm-listings.ts'

const UUID = 'ABCDEF00-0000-4000-8000-000000000001'

function listings() {
  const clock = { now: () => 0, sleep: async () => {} }
  const hypervisor = new FakeHypervisor({
    clock,
    vms: [
      { nativeId: '101', name: 'db1', uuid: UUID.toLowerCase(), facts: { folder: '/dc1/vm/databases' } },
      { nativeId: '102', name: 'twin', facts: { folder: '/dc1/vm/a' } },
      { nativeId: '103', name: 'twin', facts: { folder: '/dc1/vm/b' } },
      { nativeId: '104', name: '101' },
    ],
  })
  return { hypervisor, ...vmListings(async () => hypervisor, new AbortController().signal) }
}

test('an entry is matched by native id, UUID, name and path, and the hypervisor is asked once', async () => {
  const { hypervisor, find } = listings()
  for (const reference of ['db1', UUID, UUID.toLowerCase(), '/dc1/vm/databases/db1', 'dc1/vm/databases/db1']) {
    assert.equal((await find('fake', reference)).nativeId, '101', reference)
  }
  assert.equal((await find('fake', '/dc1/vm/b/twin')).nativeId, '103')
  assert.deepEqual(hypervisor.calls, ['listVms'])
})

test('what the list cannot match for certain is found by the rules of the hypervisor', async () => {
  const { hypervisor, find } = listings()
  for (const reference of ['twin', '101']) await assert.rejects(find('fake', reference), { code: 'vm-ambiguous' })
  await assert.rejects(find('fake', 'none'), { code: 'vm-not-found' })
  assert.deepEqual(hypervisor.calls, ['listVms', 'findVm', 'findVm', 'findVm'])
})

test('a hypervisor that did not answer is not asked again for each of its VMs', async () => {
  const { hypervisor, find, of } = listings()
  hypervisor.breakNext({ call: 'listVms', kind: 'fail' })
  await assert.rejects(find('fake', 'db1'), { code: 'hypervisor-unreachable' })
  await assert.rejects(of('fake'), { code: 'hypervisor-unreachable' })
  assert.deepEqual(hypervisor.calls, ['listVms'])
})
