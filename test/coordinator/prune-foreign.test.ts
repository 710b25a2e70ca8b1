import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import { pruneVm } from '../../src/coordinator/prune-vm.ts'
import { makeWorld } from '../world/world.ts'

const SOMEBODY_ELSES: readonly RestorePoint['kind'][] = ['foreign', 'backup']

for (const kind of SOMEBODY_ELSES) {
  test(`a point of kind ${kind} counts for nothing, stays, and is not forgotten when its snapshot is gone`, async () => {
    const world = makeWorld()
    const [first, second, newest] = [await world.snapshot(), await world.snapshot(), await world.snapshot()]
    await world.catalog.savePoint({ ...newest, kind })
    const prune = () =>
      pruneVm(world.ports, world.settings, {
        ...{ policies: [{ name: 'nightly', keep: { last: 1 }, timezone: 'UTC' }], dryRun: false },
        signal: new AbortController().signal,
      })
    const { points, left } = await prune()
    assert.deepEqual(
      points.map(({ id, fate }) => [id, fate]),
      [
        [first.id, 'goes'],
        [second.id, 'stays'],
      ],
    )
    const alone = {
      snapshot: newest.snapshot,
      reason: { code: 'not-ours', message: 'whoever made it keeps and removes it' },
    }
    assert.deepEqual(left, [alone])
    const vm = await world.hypervisor.findVm(world.settings.reference)
    await world.hypervisor.removeSnapshot(vm, newest.snapshot)
    assert.deepEqual((await prune()).left, [alone])
    assert.deepEqual((await world.catalog.points()).map(({ id }) => id).toSorted(), [second.id, newest.id].toSorted())
  })
}
