import assert from 'node:assert/strict'
import { test } from 'node:test'
import { takeSnapshot } from '../../src/coordinator/take-snapshot.ts'
import { StillshotError } from '../../src/errors.ts'
import type { Hypervisor } from '../../src/hypervisor/hypervisor.ts'
import { makeWorld, type World } from '../world/world.ts'

/** The guest is released as soon as the task is seen to be done, while the adapter still reads what was made. */

type Create = Hypervisor['createSnapshot']

/** A snapshot through a hypervisor whose createSnapshot is the given one. */
function snapshot(world: World, createSnapshot: Create) {
  const { hypervisor } = world
  const changed = new Proxy(hypervisor, {
    get: (target, name) =>
      name === 'createSnapshot'
        ? createSnapshot
        : (Reflect.get(target, name).bind?.(target) ?? Reflect.get(target, name)),
  })
  const signal = new AbortController().signal
  return takeSnapshot({ ...world.ports, hypervisor: changed }, world.settings, { mode: 'stop', signal })
}

/** Resolves when the database runs again; rejects when it does not within ten seconds of the virtual clock. */
async function isBack(world: World): Promise<void> {
  for (let waited = 0; !world.guest.facts.running; waited += 10) {
    assert.ok(waited < 10_000, 'the database is not released')
    await world.clock.sleep(10)
  }
}

test('the database is back before the hypervisor has said what it made', async () => {
  const world = makeWorld()
  const point = await snapshot(world, async (...given) => {
    const made = await world.hypervisor.createSnapshot(...given)
    await isBack(world)
    return made
  })
  assert.equal(point.grade, 'db-stopped')
  assert.deepEqual(world.pointsInTime, [{ name: point.snapshot, running: false }])
})

test('a hypervisor that tells it again is not listened to', async () => {
  const world = makeWorld()
  const point = await snapshot(world, async (vm, request, options) => {
    const made = await world.hypervisor.createSnapshot(vm, request, options)
    await isBack(world)
    options?.onMade?.()
    return made
  })
  assert.equal(point.grade, 'db-stopped')
})

test('a snapshot that cannot be read afterwards is taken back, with the database up', async () => {
  const world = makeWorld()
  let back = false
  const run = snapshot(world, async (...given) => {
    await world.hypervisor.createSnapshot(...given)
    await isBack(world)
    back = true
    throw new StillshotError('hypervisor-refused', 'its configuration cannot be read')
  })
  await assert.rejects(run, { code: 'hypervisor-refused' })
  assert.deepEqual([back, world.guest.facts.running, world.snapshotNames()], [true, true, []])
})

test('what fails while the guest is being released is taken back only after that', async () => {
  const world = makeWorld()
  const order: string[] = []
  const { hypervisor } = world
  const remove = hypervisor.removeSnapshot.bind(hypervisor)
  hypervisor.removeSnapshot = async (...given) => {
    order.push(world.guest.facts.running ? 'removed while up' : 'removed while down')
    return remove(...given)
  }
  const run = snapshot(world, async (...given) => {
    await hypervisor.createSnapshot(...given)
    throw new StillshotError('hypervisor-refused', 'its configuration cannot be read')
  })
  await assert.rejects(run, { code: 'hypervisor-refused' })
  assert.deepEqual([order, world.guest.facts.running], [['removed while up'], true])
})
