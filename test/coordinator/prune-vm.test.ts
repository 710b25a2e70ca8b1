import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryCatalog } from '../../adapters/catalogs/memory/memory-catalog.ts'
import { holdVm } from '../../src/coordinator/hold.ts'
import { pruneVm } from '../../src/coordinator/prune-vm.ts'
import { StillshotError } from '../../src/errors.ts'
import type { Grade } from '../../src/grade/grade.ts'
import type { Keep } from '../../src/policy/retention.ts'
import { makeWorld, type World } from '../world/world.ts'

const DAY_MS = 86_400_000

/** One restore point a day, of these grades, oldest first; gives their ids. */
async function withPoints(world: World, ...grades: readonly Grade[]): Promise<readonly string[]> {
  const ids: string[] = []
  for (const grade of grades) {
    const point = await world.snapshot()
    await world.catalog.savePoint({ ...point, grade })
    ids.push(point.id)
    await world.pass(DAY_MS)
  }
  return ids
}

const GOOD: readonly Grade[] = ['db-stopped', 'db-stopped', 'db-stopped']

function prune(
  world: World,
  keep: Keep | undefined,
  options: { dryRun?: boolean; only?: readonly string[]; signal?: AbortSignal } = {},
) {
  const policies = keep === undefined ? [] : [{ name: 'nightly', keep, timezone: 'UTC' }]
  const order = { policies, dryRun: false, signal: new AbortController().signal, ...options }
  return pruneVm(world.ports, world.settings, order)
}

/** Ids of the points of the catalog, oldest first; each has its snapshot. */
async function pointsOf(world: World): Promise<readonly string[]> {
  const points = (await world.catalog.points()).toReversed()
  const snapshots = points.map(({ snapshot }) => snapshot)
  assert.deepEqual(
    world.snapshotNames().filter((name) => name.startsWith('stillshot-')),
    snapshots,
  )
  return points.map(({ id }) => id)
}

test('what no policy keeps is removed and forgotten, under a lock that is given back', async () => {
  const world = makeWorld()
  const ids = await withPoints(world, ...GOOD)
  const report = await prune(world, { last: 2 })
  assert.deepEqual(await pointsOf(world), ids.slice(1))
  assert.deepEqual(
    report.points.map(({ id, fate, removal }) => [id, fate, removal?.outcome]),
    [
      [ids[0], 'goes', 'removed'],
      [ids[1], 'stays', undefined],
      [ids[2], 'stays', undefined],
    ],
  )
  assert.deepEqual(await world.catalog.locks(), [])
  const [run] = await world.catalog.runs()
  assert.deepEqual([run?.id, run?.procedure, run?.outcome], [report.run, 'prune', 'done'])
})

test('a dry run, nothing to do, and no policy change nothing and leave no run', async () => {
  const world = makeWorld()
  const ids = await withPoints(world, ...GOOD)
  const runs = (await world.catalog.runs()).length
  const { points, run } = await prune(world, { last: 1 }, { dryRun: true })
  assert.deepEqual([points.filter(({ fate }) => fate === 'goes').length, run], [2, null])
  assert.equal((await prune(world, { last: 3 })).run, null)
  assert.equal((await prune(world, undefined)).run, null)
  assert.deepEqual(await pointsOf(world), ids)
  assert.equal((await world.catalog.runs()).length, runs)
})

test('snapshots of others are left, and told of; so are points of another VM that had the name', async () => {
  const world = makeWorld()
  await withPoints(world, ...GOOD)
  const [point] = await world.catalog.points()
  assert.ok(point)
  const vm = await world.hypervisor.findVm('db1')
  for (const name of ['before-upgrade', 'stillshot-01JDAAAAAAAAAAAAAAAAAAAAAA']) {
    await world.hypervisor.createSnapshot(vm, { name, description: point.snapshot })
  }
  await world.catalog.savePoint({ ...point, id: '01JDBBBBBBBBBBBBBBBBBBBBBB', vmKey: 'another', snapshot: 'other' })
  const { left } = await prune(world, { last: 0 })
  assert.deepEqual(
    left.map(({ snapshot, reason }) => [snapshot, reason.code]),
    [
      ['before-upgrade', 'not-ours'],
      ['stillshot-01JDAAAAAAAAAAAAAAAAAAAAAA', 'not-ours'],
      ['other', 'other-vm'],
    ],
  )
  assert.equal(world.snapshotNames().length, 3)
  assert.equal((await world.catalog.points()).length, 2)
})

test('suspect points count for nothing: the last good ones stay', async () => {
  const world = makeWorld()
  const ids = await withPoints(world, 'db-stopped', 'db-stopped', 'suspect', 'suspect')
  await prune(world, { last: 2 })
  assert.deepEqual(await pointsOf(world), [ids[0], ids[1], ids[3]])
})

test('a point whose snapshot somebody removed is forgotten, and counts for nothing', async () => {
  const world = makeWorld()
  const ids = await withPoints(world, ...GOOD)
  const newest = (await world.catalog.points())[0]
  await world.hypervisor.removeSnapshot(await world.hypervisor.findVm('db1'), newest?.snapshot ?? '')
  const { points } = await prune(world, { last: 2 })
  assert.deepEqual(await pointsOf(world), ids.slice(0, 2))
  assert.deepEqual(points.find(({ id }) => id === newest?.id)?.removal, { outcome: 'gone' })
})

test('between a failed run and the next good point nothing goes', async () => {
  const world = makeWorld()
  const ids = await withPoints(world, ...GOOD)
  world.hypervisor.breakNext({
    call: 'createSnapshot',
    kind: 'fail',
    error: new StillshotError('storage-full', 'no room is left'),
  })
  await assert.rejects(world.snapshot(), { code: 'storage-full' })
  const report = await prune(world, { last: 1 })
  assert.match(report.paused?.message ?? '', /no room is left/)
  assert.deepEqual(await pointsOf(world), ids)
  assert.deepEqual(
    report.points.map(({ fate, reasons }) => [fate, reasons[0]?.code]),
    [
      ['stays', 'paused'],
      ['stays', 'paused'],
      ['stays', 'last'],
    ],
  )
  await world.pass(DAY_MS)
  const next = await world.snapshot()
  assert.equal((await prune(world, { last: 1 })).paused, null)
  assert.deepEqual(await pointsOf(world), [next.id])
})

test('what the hypervisor refuses to remove stays a restore point, and the others go', async () => {
  const world = makeWorld()
  const ids = await withPoints(world, ...GOOD)
  const error = new StillshotError('hypervisor-refused', 'the datastore is read-only')
  world.hypervisor.breakNext({ call: 'removeSnapshot', kind: 'fail', error })
  const { points } = await prune(world, { last: 1 })
  const why = { code: 'hypervisor-refused', message: 'the datastore is read-only' }
  assert.deepEqual(
    points.map(({ removal }) => removal),
    [{ outcome: 'kept', why }, { outcome: 'removed' }, undefined],
  )
  assert.deepEqual(await pointsOf(world), [ids[0], ids[2]])
  await prune(world, { last: 1 })
  assert.deepEqual(await pointsOf(world), [ids[2]])
})

test('a lost answer is settled by asking again; the point is forgotten when the snapshot is gone', async () => {
  const world = makeWorld()
  const ids = await withPoints(world, ...GOOD)
  world.hypervisor.breakNext({ call: 'removeSnapshot', kind: 'lose-answer' })
  await prune(world, { last: 1 })
  assert.deepEqual(await pointsOf(world), [ids[2]])
})

test('somebody else’s task is waited for, for a minute: then the point stays', async () => {
  const world = makeWorld()
  const ids = await withPoints(world, ...GOOD)
  const error = new StillshotError('vm-locked', 'a backup has the VM')
  world.hypervisor.breakNext({ call: 'removeSnapshot', kind: 'fail', error, times: 3 })
  assert.deepEqual((await prune(world, { last: 2 })).points[0]?.removal, { outcome: 'removed' })
  world.hypervisor.breakNext({ call: 'removeSnapshot', kind: 'fail', error, times: 1_000 })
  const begun = world.clock.monotonic()
  const { points } = await prune(world, { last: 1 })
  assert.deepEqual(points[0]?.removal?.why?.code, 'vm-locked')
  assert.ok(world.clock.monotonic() - begun < 90_000)
  assert.deepEqual(await pointsOf(world), ids.slice(1))
})

test('a hypervisor that says removed and lists it is not believed: the point stays', async () => {
  const world = makeWorld()
  const ids = await withPoints(world, ...GOOD)
  world.hypervisor.removeSnapshot = async () => {}
  const message = new RegExp(`and lists it; the restore point ${ids[0]} is kept`)
  await assert.rejects(prune(world, { last: 2 }), { code: 'hypervisor-refused', message })
  assert.deepEqual(await pointsOf(world), ids)
  assert.deepEqual(await world.catalog.locks(), [])
})

test('a removal that dies in the middle is ended, by its own run or by recover', async () => {
  for (const times of [1, 1_000]) {
    const world = makeWorld()
    const ids = await withPoints(world, ...GOOD)
    const { removeSnapshot } = world.hypervisor
    let left = times
    world.hypervisor.removeSnapshot = async (vm, name, options) => {
      if (left === 0) return removeSnapshot.call(world.hypervisor, vm, name, options)
      left -= 1
      const state = world.hypervisor.state('db1')
      state.snapshots = state.snapshots.map((one) =>
        one.snapshot.name === name ? { ...one, snapshot: { ...one.snapshot, complete: false } } : one,
      )
      throw new StillshotError('hypervisor-refused', 'the task died')
    }
    const code = times === 1 ? 'hypervisor-refused' : 'undo-failed'
    await assert.rejects(prune(world, { last: 2 }), { code })
    left = 0
    const { settled } = await world.recover()
    assert.deepEqual(
      settled.map(({ procedure, outcome, notes }) => [procedure, outcome, notes]),
      times === 1 ? [] : [['prune', 'recovered', [`the restore point ${ids[0]} is removed`]]],
    )
    assert.deepEqual(await pointsOf(world), ids.slice(1))
    assert.deepEqual(await world.catalog.locks(), [])
  }
})

test('a point becomes the last of its grade while others are removed: it stays', async () => {
  const world = makeWorld()
  const ids = await withPoints(world, 'db-stopped', 'db-stopped', 'db-stopped')
  const newer = (await world.catalog.points()).slice(0, 2)
  const remove = world.hypervisor.listSnapshots.bind(world.hypervisor)
  let looks = 0
  // After both looks that decide, a person removes every point that is newer.
  world.hypervisor.listSnapshots = async (vm, options) => {
    looks += 1
    if (looks === 3) {
      for (const { snapshot } of newer) await world.hypervisor.removeSnapshot(vm, snapshot)
    }
    return remove(vm, options)
  }
  const { points } = await prune(world, { last: 1 })
  assert.equal(points[0]?.removal?.why?.code, 'last-of-its-grade')
  assert.deepEqual(world.snapshotNames(), [`stillshot-${ids[0]}`])
})

test('what others stand on is tried again when they have gone', async () => {
  const world = makeWorld()
  const ids = await withPoints(world, ...GOOD)
  const state = world.hypervisor.state('db1')
  // As a roll back to the oldest one leaves it: the disks and the second snapshot stand on it.
  state.current = `stillshot-${ids[0]}`
  const last = await world.snapshot()
  state.current = undefined
  const { points } = await prune(world, { last: 1 })
  assert.deepEqual(
    points.map(({ removal }) => removal?.outcome),
    ['removed', 'removed', 'removed', undefined],
  )
  assert.deepEqual(await pointsOf(world), [last.id])
})

test('only what was shown goes', async () => {
  const world = makeWorld()
  const ids = await withPoints(world, ...GOOD)
  await prune(world, { last: 1 }, { only: [ids[1] ?? ''] })
  assert.deepEqual(await pointsOf(world), [ids[0], ids[2]])
})

test('a VM that is held by a coordinator with another catalog is left alone', async () => {
  const world = makeWorld()
  const ids = await withPoints(world, ...GOOD)
  const other = { ...world.ports, catalog: new MemoryCatalog(), stateDirectory: '/other' }
  await holdVm(other, world.settings, { signal: new AbortController().signal })
  await assert.rejects(prune(world, { last: 1 }), { code: 'guest-locked' })
  assert.deepEqual(await pointsOf(world), ids)
  assert.deepEqual(await world.catalog.locks(), [])
})

test('a VM that another run has is left alone', async () => {
  const world = makeWorld()
  const ids = await withPoints(world, ...GOOD)
  world.hypervisor.breakNext({ call: 'createSnapshot', kind: 'delay', ms: 20_000 })
  const running = world.snapshot()
  await world.pass(5_000)
  await assert.rejects(prune(world, { last: 1 }), { code: 'run-under-way' })
  const { id } = await running
  assert.deepEqual(await pointsOf(world), [...ids, id])
})

test('an abort ends it: what is not begun is not removed', async () => {
  const world = makeWorld()
  const ids = await withPoints(world, ...GOOD)
  const controller = new AbortController()
  world.hypervisor.breakNext({ call: 'removeSnapshot', kind: 'delay', ms: 30_000 })
  const running = prune(world, { last: 1 }, { signal: controller.signal })
  running.catch(() => {})
  await world.pass(10_000)
  controller.abort(new StillshotError('cancelled', 'the user wants to stop'))
  await assert.rejects(running, { code: 'cancelled', message: new RegExp(`the restore point ${ids[0]} is kept`) })
  assert.deepEqual(await pointsOf(world), ids)
  assert.deepEqual(await world.catalog.locks(), [])
})
