// runs beside other labs
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withVsphere } from './open-vsphere.ts'

const CREATE = 'CreateSnapshotEx_Task'
const READ = 'RetrievePropertiesEx'
const S1 = { name: 's1', description: 'grade=pending' }

test('after a preflight nothing is asked before the snapshot, while the database stands still', () =>
  withVsphere({}, async ({ simulator, hypervisor, vm }) => {
    await hypervisor.checkSnapshot(vm)
    const readsOf = async () => (await simulator.state()).calls[READ] ?? 0
    // The look that is taken beside the preflight.
    let reads = await readsOf()
    for (let seen = -1; seen !== reads; ) [seen, reads] = [reads, await readsOf()]
    await simulator.rule({ method: READ, where: 'call', fault: 'NoPermission', times: 1 })
    await simulator.rule({ method: CREATE, where: 'task', fault: 'NoDiskSpace' })
    await assert.rejects(hypervisor.createSnapshot(vm, S1), { code: 'storage-full' })
    assert.equal(await readsOf(), reads)
  }))

test('the snapshot is said to be made before it is looked at', () =>
  withVsphere({}, async ({ simulator, hypervisor, vm }) => {
    await hypervisor.checkSnapshot(vm)
    await simulator.rule({ method: READ, delayMs: 1_500, times: 5 })
    let madeAt = 0
    await hypervisor.createSnapshot(vm, S1, {
      onMade: () => {
        madeAt = performance.now()
      },
    })
    assert.ok(madeAt > 0 && performance.now() - madeAt > 1_000)
  }))

test('a snapshot of this name that is there already is seen whether the preflight saw it or not', () =>
  withVsphere({}, async ({ hypervisor, another, vm }) => {
    await another().createSnapshot(vm, S1)
    await assert.rejects(hypervisor.createSnapshot(vm, S1), { code: 'snapshot-exists' })
    await hypervisor.checkSnapshot(vm)
    await assert.rejects(hypervisor.createSnapshot(vm, S1), { code: 'snapshot-exists' })
  }))
