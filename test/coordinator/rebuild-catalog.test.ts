import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MemoryCatalog } from '../../adapters/catalogs/memory/memory-catalog.ts'
import { expectedMarker } from '../../src/coordinator/expected-marker.ts'
import { rebuildCatalog } from '../../src/coordinator/rebuild-catalog.ts'
import { takeSnapshot } from '../../src/coordinator/take-snapshot.ts'
import type { StillshotError } from '../../src/errors.ts'
import { formatDescription } from '../../src/grade/description.ts'
import { FreezingGuest } from '../world/freezing-guest.ts'
import { makeWorld, type World } from '../world/world.ts'
import { restore, signal } from './restoring.ts'

const ID = '01JDAAAAAAAAAAAAAAAAAAAAAA'

const rebuild = ({ ports, settings }: Pick<World, 'ports' | 'settings'>, dryRun = false) =>
  rebuildCatalog(ports, settings, { dryRun, signal })

/** The same world with an empty catalog; with the state directory gone, its key is gone, too. */
function afterLoss(world: World, { key = true } = {}): World {
  const catalog = new MemoryCatalog()
  const stateDirectory = key ? world.ports.stateDirectory : '/state-made-anew'
  return { ...world, catalog, ports: { ...world.ports, catalog, stateDirectory } }
}

const facts = async ({ catalog }: World) =>
  (await catalog.points()).map(({ id, kind, grade, mode }) => ({ id, kind, grade, mode }))

async function withDescription(change: { name?: string; description: (key: Uint8Array) => string }) {
  const world = makeWorld()
  await world.snapshot()
  const text = world.system.files.content('/state/description.key')
  const key = Buffer.from(/^[0-9a-f]{64}$/m.exec(text)?.[0] ?? '', 'hex')
  const vm = await world.hypervisor.findVm('db1')
  const lost = afterLoss(world)
  await lost.hypervisor.createSnapshot(vm, {
    name: change.name ?? `stillshot-${ID}`,
    description: change.description(key),
  })
  const { points, left } = await rebuild(lost)
  return { point: points.find(({ snapshot }) => snapshot === (change.name ?? `stillshot-${ID}`)), left, lost }
}
const claim = {
  version: 1,
  grade: 'db-stopped',
  point: ID,
  run: ID,
  vm: 'db1',
  at: '2027-01-15T08:00:00.000Z',
} as const

describe('a catalog that was lost', () => {
  test('has its points again, with grade and kind, and a restore finds the same one', async () => {
    const world = makeWorld()
    await world.snapshot()
    await world.pass(60_000)
    const point = await world.snapshot()
    await restore(world)
    const before = await facts(world)
    const lost = afterLoss(world)
    const report = await rebuild(lost)
    assert.deepEqual(
      report.points.map(({ outcome, verified }) => [outcome, verified]),
      [
        ['added', true],
        ['added', true],
        ['added', true],
      ],
    )
    assert.deepEqual(
      (await facts(lost)).toSorted((a, b) => a.id.localeCompare(b.id)),
      before.toSorted((a, b) => a.id.localeCompare(b.id)),
    )
    const restored = await restore(lost, {}, lost.ports)
    assert.deepEqual([restored.point.id, restored.cameBack], [point.id, true])
  })

  for (const key of [true, false]) {
    test(`has points without a marker of their own again, ${key ? 'with' : 'without'} its key`, async () => {
      const world = makeWorld()
      await world.snapshot()
      const frozen = await takeSnapshot(new FreezingGuest(world).ports, world.settings, { mode: 'freeze', signal })
      const { safetyPoint } = await restore(world)
      const lost = afterLoss(world, { key })
      await rebuild(lost)
      assert.equal((await lost.catalog.point(frozen.id))?.mode, 'freeze')
      for (const { id: pointId } of [frozen, safetyPoint ?? assert.fail()]) {
        assert.equal((await restore(lost, { pointId }, lost.ports)).cameBack, true)
      }
    })
  }

  test('has the hold that the markers of a freeze from inside name', async () => {
    const held = '01JDHHHHHHHHHHHHHHHHHHHHHH'
    const { point, lost } = await withDescription({
      description: (key) => formatDescription({ ...claim, mode: 'freeze', held }, key),
    })
    assert.equal(point?.verified, true)
    assert.equal(expectedMarker((await lost.catalog.point(ID)) ?? assert.fail()), held)
    await assert.rejects(restore(lost, { pointId: ID }, lost.ports), (error: StillshotError) => {
      assert.equal(error.code, 'restore-unproven')
      assert.match(error.message, new RegExp(`do not name ${held}`))
      return true
    })
  })

  test('gets nothing by a dry run, and nothing twice', async () => {
    const world = makeWorld()
    await world.snapshot()
    const lost = afterLoss(world)
    assert.equal((await rebuild(lost, true)).points[0]?.outcome, 'added')
    assert.deepEqual(await facts(lost), [])
    await rebuild(lost)
    assert.equal((await rebuild(lost)).points[0]?.outcome, 'known')
  })

  test('with its key shows grades as claimed, removes nothing of it, and can be restored from all the same', async () => {
    const world = makeWorld()
    const point = await world.snapshot()
    const lost = afterLoss(world, { key: false })
    const [claimed] = (await rebuild(lost)).points
    assert.deepEqual([claimed?.grade, claimed?.claimed, claimed?.verified], ['suspect', 'db-stopped', false])
    assert.match(claimed?.reasons[0]?.message ?? '', /claims db-stopped for db1, and is not signed by the key/)
    assert.deepEqual(await facts(lost), [{ id: point.id, kind: 'foreign', grade: 'suspect', mode: 'none' }])
    await assert.rejects(restore(lost, {}, lost.ports), { code: 'point-not-found' })
    assert.equal((await restore(lost, { pointId: point.id }, lost.ports)).cameBack, true)
    assert.equal(lost.system.files.content('/state-made-anew/description.key') === '', false, 'made by the restore')
  })

  test('is improved when the key was found again', async () => {
    const world = makeWorld()
    const point = await world.snapshot()
    const lost = afterLoss(world, { key: false })
    await rebuild(lost)
    const found = { ...lost, ports: { ...lost.ports, stateDirectory: world.ports.stateDirectory } }
    assert.equal((await rebuild(found)).points[0]?.outcome, 'improved')
    assert.deepEqual(await facts(found), [{ id: point.id, kind: 'snapshot', grade: 'db-stopped', mode: 'stop' }])
    const worse = { ...lost, ports: { ...lost.ports, stateDirectory: '/again-another' } }
    assert.equal((await rebuild(worse)).points[0]?.outcome, 'known')
  })
})

describe('a catalog that is there', () => {
  test('keeps what it knows, also where it says less than the snapshot', async () => {
    const world = makeWorld()
    const point = await world.snapshot()
    await world.catalog.savePoint({
      ...point,
      grade: 'suspect',
      reasons: [{ code: 'drill', message: 'a table is gone' }],
    })
    const [known] = (await rebuild(world)).points
    assert.deepEqual([known?.outcome, known?.grade], ['known', 'suspect'])
    assert.deepEqual((await world.catalog.point(point.id))?.evidence, point.evidence)
  })

  test('is left alone while a run has the VM', async () => {
    const world = makeWorld()
    const { hypervisor, nativeId, uuid } = await world.hypervisor.findVm('db1')
    const owner = world.system.processes.begin(777)
    const vmKey = JSON.stringify([hypervisor, nativeId, uuid])
    const lock = { vmKey, holdId: 'h', run: 'r', procedure: 'prune', owner, takenAt: '', ttlMs: 1 }
    await world.catalog.lockVm(lock)
    await assert.rejects(rebuild(world), (error: StillshotError) => error.code === 'run-under-way')
  })
})

describe('what is not believed', () => {
  test('a signed description that was copied onto another snapshot', async () => {
    const { point } = await withDescription({ name: 'copy', description: (key) => formatDescription(claim, key) })
    assert.deepEqual([point?.grade, point?.verified], ['suspect', false])
  })

  test('the words of a good one on a second snapshot, which takes nothing from the first', async () => {
    const world = makeWorld()
    const good = await world.snapshot()
    const vm = await world.hypervisor.findVm('db1')
    const [there] = await world.hypervisor.listSnapshots(vm)
    await world.hypervisor.createSnapshot(vm, { name: 'copy', description: there?.description ?? '' })
    const lost = afterLoss(world)
    await rebuild(lost)
    assert.deepEqual(await facts(lost), [{ id: good.id, kind: 'snapshot', grade: 'db-stopped', mode: 'stop' }])
    assert.equal((await lost.catalog.points())[0]?.snapshot, good.snapshot)
  })

  test('one of a VM of another name', async () => {
    const { point } = await withDescription({ description: (key) => formatDescription({ ...claim, vm: 'db9' }, key) })
    assert.deepEqual([point?.grade, point?.verified], ['suspect', false])
    assert.match(point?.reasons[0]?.message ?? '', /claims db-stopped for db9/)
  })

  test('one that was changed by hand', async () => {
    const description = (key: Uint8Array) =>
      formatDescription({ ...claim, grade: 'crash-only' }, key).replace('crash-only', 'db-stopped')
    const { point } = await withDescription({ description })
    assert.deepEqual([point?.grade, point?.verified], ['suspect', false])
  })

  test('a grade that was never written, and what says nothing at all', async () => {
    const pending = await withDescription({
      description: (key) => formatDescription({ ...claim, grade: 'pending' }, key),
    })
    assert.deepEqual([pending.point?.grade, pending.point?.claimed], ['suspect', 'pending'])
    const { point, left } = await withDescription({ name: 'before-upgrade', description: () => 'by hand' })
    assert.equal(point, undefined)
    assert.equal(left[0]?.snapshot, 'before-upgrade')
  })
})
