import assert from 'node:assert/strict'
import { test } from 'node:test'
import { act } from '../actor.ts'
import { collectProcedure } from '../procedures/collect-freezes.ts'
import { World } from '../world.ts'
import { takeQuiescedSnapshot } from './quiesced-snapshot.ts'

test('a snapshot by somebody else that nothing disturbs is db-stopped, whenever it was begun', async () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const world = new World(seed)
    const [host] = world.hosts
    assert.ok(host)
    const done = takeQuiescedSnapshot(world)
      .then(() => act(world, host, collectProcedure))
      .then(() => true)
    const turn = () => new Promise((resolve) => setImmediate(() => resolve(false)))
    while (!(await Promise.race([done, turn()]))) world.clock.step()
    const points = [...host.catalog.points.values()]
    assert.deepEqual(
      points.map(({ kind, grade }) => [kind, grade]),
      [['foreign', 'db-stopped']],
      `seed ${seed}`,
    )
    assert.deepEqual(world.guest.machine.disk.kept, [])
  }
})
