import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeHypervisor } from '../../../../adapters/hypervisors/fake/fake-hypervisor.ts'
import { rejectsWith } from '../../../conformance/hypervisor/under-test.ts'

async function open() {
  const slept: number[] = []
  const clock = { now: () => 0, sleep: async (ms: number) => void slept.push(ms) }
  const created: string[] = []
  const hypervisor = new FakeHypervisor({
    clock,
    vms: [{ nativeId: 'db1' }],
    onCreate: (_vm, snapshot) => created.push(snapshot.name),
  })
  return { hypervisor, slept, created, vm: await hypervisor.findVm('db1') }
}

const REQUEST = { name: 's1', description: '' }

test('a call that fails has done nothing, and the next one works', async () => {
  const { hypervisor, vm, created } = await open()
  hypervisor.breakNext({ call: 'createSnapshot', kind: 'fail' })
  await rejectsWith('hypervisor-unreachable', hypervisor.createSnapshot(vm, REQUEST))
  assert.deepEqual(created, [])
  await hypervisor.createSnapshot(vm, REQUEST)
  assert.deepEqual(created, ['s1'])
})

test('a call that loses its answer has done its work', async () => {
  const { hypervisor, vm } = await open()
  hypervisor.breakNext({ call: 'createSnapshot', kind: 'lose-answer' })
  await rejectsWith('answer-lost', hypervisor.createSnapshot(vm, REQUEST))
  assert.equal((await hypervisor.listSnapshots(vm))[0]?.name, 's1')
})

test('a delay goes through the clock', async () => {
  const { hypervisor, vm, slept } = await open()
  hypervisor.breakNext({ call: 'removeSnapshot', kind: 'delay', ms: 700 })
  await hypervisor.removeSnapshot(vm, 'none')
  assert.deepEqual(slept, [700])
})
