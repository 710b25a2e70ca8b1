import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReleaseReport } from '../../src/coordinator/release-hold.ts'
import { restoreSnapshot } from '../../src/coordinator/restore-snapshot.ts'
import { makeFreezingWorld } from './freezing-world.ts'

test('a snapshot that was taken of a frozen guest becomes a restore point, and the guest forgets', async () => {
  const { freezing, take, collect, catalog, pass } = makeFreezingWorld()
  const id = await freezing.frozen({ during: () => take('nightly') })
  await pass(60_000)
  const { freezes } = await collect()
  assert.deepEqual(
    freezes.map(({ outcome, grade, snapshot }) => [outcome, grade, snapshot]),
    [['point', 'db-stopped', 'nightly']],
  )
  const [point] = await catalog.points()
  assert.deepEqual([point?.id, point?.kind, point?.snapshot, point?.reasons], [id, 'foreign', 'nightly', []])
  assert.equal(freezing.kept.size, 0)
  assert.deepEqual((await collect()).freezes, [])
  assert.deepEqual(
    (await catalog.runs()).map(({ procedure, outcome }) => [procedure, outcome]),
    [['collect', 'done']],
  )
})

test('a snapshot that was begun just before it froze the guest is the one', async () => {
  const { freezing, take, collect, pass } = makeFreezingWorld()
  await take('quiesced')
  await pass(3_000)
  await freezing.frozen({ during: () => pass(2_000) })
  await pass(60_000)
  assert.deepEqual(
    (await collect()).freezes.map(({ grade, snapshot }) => [grade, snapshot]),
    [['db-stopped', 'quiesced']],
  )
})

test('a snapshot that was begun while the server was still being stopped is never more than crash-only', async () => {
  const world = makeFreezingWorld()
  world.guest.faults.stopMs = 20_000
  const before = async () => {
    await world.pass(5_000)
    await world.take('careless')
    await world.pass(5_000)
  }
  await world.freezing.frozen({ before, during: () => world.pass(1_000) })
  await world.pass(60_000)
  const { freezes } = await world.collect()
  assert.deepEqual([freezes[0]?.grade, freezes[0]?.reasons?.[0]?.code], ['crash-only', 'freeze-ambiguous'])
})

test('a snapshot that was begun in the last second of a hold, by a date in whole seconds, is never more than crash-only', async () => {
  const world = makeFreezingWorld()
  const during = async () => {
    await world.pass(5_000)
    await world.take('next')
    await world.pass(500)
  }
  await world.freezing.frozen({ during })
  await world.pass(60_000)
  assert.deepEqual(
    (await world.collect()).freezes.map(({ grade, snapshot }) => [grade, snapshot]),
    [['crash-only', 'next']],
  )
})

test('a snapshot with memory is never more than crash-only, whenever it was begun', async () => {
  const { freezing, take, collect, catalog, pass, hypervisor } = makeFreezingWorld()
  await freezing.frozen({ during: () => take('with-memory') })
  const state = hypervisor.state('db1')
  state.snapshots = state.snapshots.map((one) => ({ ...one, snapshot: { ...one.snapshot, memory: true } }))
  await pass(60_000)
  await collect()
  assert.deepEqual(
    (await catalog.points()).map(({ grade, snapshot }) => [grade, snapshot]),
    [['crash-only', 'with-memory']],
  )
})

test('two snapshots of one freeze are neither of them graded', async () => {
  const { freezing, take, collect, catalog, pass } = makeFreezingWorld()
  await take('first')
  await pass(4_000)
  await freezing.frozen({ during: () => take('second') })
  await pass(60_000)
  const { freezes } = await collect()
  assert.equal(freezes[0]?.outcome, 'hold')
  assert.match(freezes[0]?.message ?? '', /2 snapshots .*first, second/)
  assert.deepEqual(await catalog.points(), [])
})

test('a snapshot that two freezes may have been for is never more than crash-only', async () => {
  const { freezing, take, collect, catalog, pass } = makeFreezingWorld()
  await take('nightly')
  await freezing.frozen({})
  await freezing.frozen({})
  await pass(60_000)
  await collect()
  assert.deepEqual(
    (await catalog.points()).map(({ grade, snapshot }) => [grade, snapshot]),
    [['crash-only', 'nightly']],
  )
})

test('a snapshot of stillshot’s own is not taken for somebody else’s', async () => {
  const { freezing, snapshot, collect, catalog, pass } = makeFreezingWorld()
  await freezing.frozen({})
  const point = await snapshot()
  await pass(3_600_000)
  const { freezes } = await collect()
  assert.equal(freezes[0]?.outcome, 'hold')
  assert.deepEqual(
    (await catalog.points()).map(({ id }) => id),
    [point.id],
  )
})

test('a freeze without a snapshot waits for it, and is at last a hold that says what a backup is worth', async () => {
  const { freezing, collect, catalog, pass } = makeFreezingWorld()
  const id = await freezing.frozen({ during: () => pass(2_000) })
  assert.deepEqual(
    (await collect()).freezes.map(({ outcome }) => outcome),
    ['waits'],
  )
  await pass(60_000)
  assert.deepEqual(
    (await collect()).freezes.map(({ outcome }) => outcome),
    ['waits'],
  )
  assert.equal(freezing.kept.size, 1)
  await pass(3_600_000)
  const { freezes } = await collect()
  assert.deepEqual([freezes[0]?.outcome, freezes[0]?.grade], ['hold', 'db-stopped'])
  const { state, evidence } = (await catalog.hold(id)) ?? {}
  assert.deepEqual([state, (evidence as ReleaseReport | undefined)?.grade], ['released', 'db-stopped'])
  assert.equal(freezing.kept.size, 0)
})

test('a snapshot that takes the name of an earlier one is not taken for it', async () => {
  const { freezing, take, collect, catalog, pass, hypervisor, ports, settings } = makeFreezingWorld()
  const id = await freezing.frozen({ during: () => take('nightly') })
  await collect(true)
  const vm = await hypervisor.findVm('db1')
  await hypervisor.removeSnapshot(vm, 'nightly')
  await pass(86_400_000)
  await take('nightly')
  const order = { pointId: id, safetySnapshot: false, dryRun: true }
  const { signal } = new AbortController()
  await assert.rejects(restoreSnapshot(ports, settings, { ...order, signal }), { code: 'snapshot-not-found' })
  await freezing.frozen({})
  await collect(true)
  assert.deepEqual(
    (await catalog.points()).map((point) => point.id === id),
    [false],
  )
})

test('with patience the newest is judged as soon as its neighbours are known', async () => {
  const { freezing, take, collect } = makeFreezingWorld()
  await freezing.frozen({ during: () => take('nightly') })
  assert.equal((await collect(true)).freezes[0]?.outcome, 'point')
})

test('a freeze that the watchdog ended, or in which the server ended badly, is graded by that', async () => {
  const late = makeFreezingWorld()
  const during = async () => {
    await late.take('late')
    await late.pass(120_000)
  }
  await late.freezing.frozen({ during })
  await late.pass(60_000)
  assert.equal((await late.collect()).freezes[0]?.grade, 'crash-only')
  const killed = makeFreezingWorld()
  killed.guest.faults.killed = true
  await killed.freezing.frozen({ during: () => killed.take('killed') })
  await killed.pass(60_000)
  assert.equal((await killed.collect()).freezes[0]?.grade, 'crash-only')
})

test('what cannot be understood proves nothing, and is said and forgotten', async () => {
  const { freezing, collect, catalog, pass } = makeFreezingWorld()
  const id = await freezing.frozen({})
  freezing.kept.set(id, { ...freezing.kept.get(id), holdAnswer: { version: 1, ok: true } })
  await pass(3_600_000)
  assert.deepEqual(
    (await collect()).freezes.map(({ outcome }) => outcome),
    ['unreadable'],
  )
  assert.deepEqual([await catalog.points(), await catalog.hold(id)], [[], undefined])
  assert.equal(freezing.kept.size, 0)
})

test('what comes back with the guest’s disks is not judged again, without the neighbours that it had', async () => {
  const { freezing, take, collect, catalog, pass, hypervisor } = makeFreezingWorld()
  await take('nightly')
  const id = await freezing.frozen({})
  const kept = freezing.kept.get(id) ?? {}
  await freezing.frozen({})
  await pass(60_000)
  await collect()
  const [point] = await catalog.points()
  assert.deepEqual([point?.id, point?.grade], [id, 'crash-only'])
  if (point !== undefined) await catalog.savePoint({ ...point, note: 'before the move' })
  freezing.kept.set(id, kept)
  assert.deepEqual(
    (await collect()).freezes.map(({ outcome, grade, snapshot }) => [outcome, grade, snapshot]),
    [['point', 'crash-only', 'nightly']],
  )
  assert.deepEqual(
    (await catalog.points()).map(({ grade, note }) => [grade, note]),
    [['crash-only', 'before the move']],
  )
  assert.equal(freezing.kept.size, 0)
  const vm = await hypervisor.findVm('db1')
  await take('first')
  const twice = await freezing.frozen({ during: () => take('second') })
  const ambiguous = freezing.kept.get(twice) ?? {}
  await collect(true)
  await hypervisor.removeSnapshot(vm, 'first')
  freezing.kept.set(twice, ambiguous)
  assert.equal((await collect(true)).freezes[0]?.outcome, 'hold')
  assert.equal(freezing.kept.size, 0)
})

test('a catalog that cannot be written leaves everything in the guest', async () => {
  const { freezing, take, collect, catalog, pass } = makeFreezingWorld()
  await freezing.frozen({ during: () => take('nightly') })
  await pass(60_000)
  const { savePoint } = catalog
  catalog.savePoint = async () => {
    throw new Error('the disk is full')
  }
  await assert.rejects(collect())
  assert.equal(freezing.kept.size, 1)
  catalog.savePoint = savePoint
  assert.equal((await collect()).freezes[0]?.outcome, 'point')
})

test('a snapshot that is gone is no restore point any more, also when nothing was frozen since', async () => {
  const { freezing, take, collect, catalog, pass, hypervisor } = makeFreezingWorld()
  await freezing.frozen({ during: () => take('nightly') })
  await pass(60_000)
  await collect()
  assert.equal((await catalog.points()).length, 1)
  await hypervisor.removeSnapshot(await hypervisor.findVm('db1'), 'nightly')
  // Of the same name, and nobody was frozen for it.
  await take('nightly')
  await collect()
  assert.deepEqual(await catalog.points(), [])
})
