import assert from 'node:assert/strict'
import { disksOf, type HypervisorSuite, hypervisorCase, namesOf, rejectsWith, snapshotOf } from './under-test.ts'

const AWKWARD = 'grade=db-stopped; <x a="1"> & \'quoted\' \\n $HOME `id` %s é ✓ '

/** Taking, listing and describing. */
export function snapshotCases(suite: HypervisorSuite): void {
  hypervisorCase(suite, 'createSnapshot() gives a complete snapshot that is listed the same way', async (under) => {
    const { hypervisor, vm } = under
    const snapshot = await hypervisor.createSnapshot(vm, { name: 's1', description: 'grade=pending' })
    assert.equal(snapshot.name, 's1')
    assert.equal(snapshot.description, 'grade=pending')
    assert.equal(snapshot.complete, true)
    assert.equal(snapshot.parent, undefined)
    assert.deepEqual(snapshot.disks, disksOf(under))
    assert.match(snapshot.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    assert.deepEqual(await hypervisor.listSnapshots(vm), [snapshot])
    assert.equal(await hypervisor.power(vm), 'running')
  })

  hypervisorCase(
    suite,
    'createSnapshot() tells at most once, and before its end, that the snapshot is made',
    async (under) => {
      const { hypervisor, vm } = under
      const told: string[] = []
      await hypervisor.createSnapshot(vm, { name: 's1', description: '' }, { onMade: () => told.push('made') })
      told.push('ended')
      assert.ok(['ended', 'made ended'].includes(told.join(' ')), told.join(' '))
      const again = { name: 's1', description: '' }
      await rejectsWith('snapshot-exists', hypervisor.createSnapshot(vm, again, { onMade: () => told.push('made') }))
      assert.equal(told.at(-1), 'ended')
    },
  )

  hypervisorCase(suite, 'createSnapshot() works after checkSnapshot(), and while the VM is off', async (under) => {
    await under.hypervisor.checkSnapshot(under.vm)
    await under.hypervisor.createSnapshot(under.vm, { name: 's1', description: '' })
    await under.stop()
    await under.hypervisor.createSnapshot(under.vm, { name: 's2', description: '' })
    assert.deepEqual(await namesOf(under), ['s1', 's2'])
  })

  hypervisorCase(
    suite,
    'createSnapshot() with quiesce calls nothing frozen in a guest without an agent, and leaves nothing when it rejects',
    async (under) => {
      const { hypervisor, vm } = under
      const request = { name: 's1', description: 'd', quiesce: true }
      const made = await hypervisor.createSnapshot(vm, request).catch((error) => error)
      const names = await namesOf(under)
      if (made instanceof Error) {
        await rejectsWith('hypervisor-refused', Promise.reject(made))
        assert.deepEqual(names, [])
      } else {
        const { warnings: _, quiesced, ...snapshot } = made
        assert.notEqual(quiesced, true)
        assert.deepEqual(await hypervisor.listSnapshots(vm), [snapshot])
      }
      assert.equal(await hypervisor.power(vm), 'running')
    },
  )

  hypervisorCase(suite, 'createSnapshot() takes names up to the longest that it says it takes', async (under) => {
    const ours = 'stillshot-01JD0000000000000000000000'
    const longest = 'n'.repeat(suite.capabilities.maxNameLength)
    await under.hypervisor.createSnapshot(under.vm, { name: ours, description: '' })
    await under.hypervisor.createSnapshot(under.vm, { name: longest, description: '' })
    assert.deepEqual(await namesOf(under), [ours, longest])
  })

  hypervisorCase(suite, 'createSnapshot() of a name that is there rejects with snapshot-exists', async (under) => {
    await snapshotOf(under, 's1', 1)
    const before = await under.hypervisor.listSnapshots(under.vm)
    const storage = await under.storage()
    await rejectsWith(
      'snapshot-exists',
      under.hypervisor.createSnapshot(under.vm, { name: 's1', description: 'second' }),
    )
    assert.deepEqual(await under.hypervisor.listSnapshots(under.vm), before)
    assert.deepEqual(await under.storage(), storage)
  })

  hypervisorCase(suite, 'listSnapshots() gives the oldest first, each with its parent', async (under) => {
    for (const name of ['z1', 'a2', 'm3']) await snapshotOf(under, name, 1)
    const snapshots = await under.hypervisor.listSnapshots(under.vm)
    assert.deepEqual(
      snapshots.map((snapshot) => [snapshot.name, snapshot.parent]),
      [
        ['z1', undefined],
        ['a2', 'z1'],
        ['m3', 'a2'],
      ],
    )
  })

  hypervisorCase(suite, 'descriptions keep every character', async (under) => {
    const { hypervisor, vm } = under
    const long = AWKWARD + 'x'.repeat(3000)
    assert.equal((await hypervisor.createSnapshot(vm, { name: 's1', description: AWKWARD })).description, AWKWARD)
    await hypervisor.describeSnapshot(vm, 's1', long)
    assert.equal((await hypervisor.listSnapshots(vm))[0]?.description, long)
  })

  hypervisorCase(
    suite,
    'describeSnapshot() replaces the description and nothing else, as often as one likes',
    async (under) => {
      const { hypervisor, vm } = under
      for (const name of ['s1', 's2']) await snapshotOf(under, name, 1)
      const before = await hypervisor.listSnapshots(vm)
      for (const _ of [1, 2]) await hypervisor.describeSnapshot(vm, 's1', 'grade=suspect')
      assert.deepEqual(
        await hypervisor.listSnapshots(vm),
        before.map((snapshot) => (snapshot.name === 's1' ? { ...snapshot, description: 'grade=suspect' } : snapshot)),
      )
      assert.equal((await hypervisor.createSnapshot(vm, { name: 's3', description: '' })).parent, 's2')
    },
  )

  hypervisorCase(suite, 'describeSnapshot() of a missing snapshot rejects with snapshot-not-found', async (under) => {
    await rejectsWith('snapshot-not-found', under.hypervisor.describeSnapshot(under.vm, 'none', 'x'))
  })
}
