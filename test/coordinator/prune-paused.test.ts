import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pruneVm } from '../../src/coordinator/prune-vm.ts'
import { makeWorld } from '../world/world.ts'

test('a good point whose snapshot somebody removed ends no pause after a failed run', async () => {
  const world = makeWorld()
  await world.snapshot()
  await world.snapshot()
  world.guest.faults.refuseHold = true
  await assert.rejects(world.snapshot())
  world.guest.faults.refuseHold = false
  const good = await world.snapshot()
  const prune = () =>
    pruneVm(world.ports, world.settings, {
      ...{ policies: [{ name: 'nightly', keep: { last: 1 }, timezone: 'UTC' }], dryRun: true },
      signal: new AbortController().signal,
    })
  assert.equal((await prune()).paused, null)
  await world.hypervisor.removeSnapshot(await world.hypervisor.findVm(world.settings.reference), good.snapshot)
  const { paused, points } = await prune()
  assert.notEqual(paused, null)
  assert.deepEqual(
    points.filter(({ fate }) => fate === 'goes'),
    [],
  )
})
