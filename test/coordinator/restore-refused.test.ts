import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Catalog, vmKey as vmKeyOf } from '../../src/catalog/catalog.ts'
import { restoreChoices } from '../../src/coordinator/restore-choices.ts'
import { takeSnapshot } from '../../src/coordinator/take-snapshot.ts'
import type { StillshotError } from '../../src/errors.ts'
import { makeWorld, type World } from '../world/world.ts'
import { deadGuest, restore, rigidWorld, signal, snapshotsOf } from './restoring.ts'

describe('another run that has the VM', () => {
  const owner = (world: World) => world.system.processes.begin(777)
  const lock = async (world: World, process = owner(world)) => {
    const { hypervisor, nativeId, uuid } = await world.hypervisor.findVm('db1')
    const taken = { vmKey: JSON.stringify([hypervisor, nativeId, uuid]), holdId: '01OTHER', run: '01OTHER' }
    const takenAt = '2027-01-15T08:00:00.000Z'
    await world.catalog.lockVm({ ...taken, procedure: 'take-snapshot', owner: process, takenAt, ttlMs: 1 })
    return { ...taken, process }
  }

  test('is named, with its procedure, process and begin', async () => {
    const world = makeWorld()
    await world.snapshot()
    await lock(world)
    await assert.rejects(restore(world), (error: StillshotError) => {
      assert.equal(error.code, 'run-under-way')
      assert.match(error.message, /take-snapshot 01OTHER has the VM since 2027-01-15T08:00:00.000Z .*process 777/)
      assert.match(error.hint, /--wait/)
      return true
    })
    assert.equal((await restoreChoices(world.ports, world.settings, { signal })).underWay?.run, '01OTHER')
  })

  test('is waited for as long as was said', async () => {
    const world = makeWorld()
    await world.snapshot()
    const { vmKey, holdId } = await lock(world)
    const restored = restore(world, { waitMs: 60_000 })
    await world.pass(20_000)
    assert.equal(snapshotsOf(world).length, 1, 'nothing is done meanwhile')
    await world.catalog.unlockVm(vmKey, holdId)
    assert.equal((await restored).cameBack, true)
    await lock(world)
    const begunAt = world.clock.monotonic()
    await assert.rejects(restore(world, { waitMs: 30_000 }), { code: 'run-under-way' })
    assert.ok(world.clock.monotonic() - begunAt < 60_000)
  })

  test('and makes a newer point is waited for, and the newest is taken then', async () => {
    const world = makeWorld()
    await world.snapshot()
    const { vmKey, holdId } = await lock(world)
    const restored = restore(world, { waitMs: 60_000 })
    await world.pass(20_000)
    const elsewhere = { ...world.ports, catalog: withoutLocks(world) }
    const newer = await takeSnapshot(elsewhere, world.settings, { mode: 'stop', signal })
    await world.catalog.unlockVm(vmKey, holdId)
    const report = await restored
    assert.equal(report.point.id, newer.id)
    assert.match(report.plan.join(), new RegExp(newer.snapshot))
  })

  test('and gives back another VM of that name: nothing is done to it', async () => {
    const world = makeWorld()
    const point = await world.snapshot()
    const { vmKey, holdId } = await lock(world)
    const restored = restore(world, { waitMs: 60_000 })
    await world.pass(20_000)
    const { findVm } = world.hypervisor
    world.hypervisor.findVm = async (...given) => ({
      ...(await findVm.apply(world.hypervisor, given)),
      uuid: '00000000-0000-4000-8000-000000000009',
    })
    await world.catalog.savePoint({ ...point, vmKey: vmKeyOf(await world.hypervisor.findVm('db1')) })
    await world.catalog.unlockVm(vmKey, holdId)
    await assert.rejects(restored, { code: 'point-not-found' })
    assert.equal(snapshotsOf(world).length, 1)
  })

  test('is not waited for when its process is dead: nobody would give the VM back', async () => {
    const world = makeWorld()
    await world.snapshot()
    const { process } = await lock(world)
    world.system.processes.end(process)
    const begunAt = world.clock.monotonic()
    await assert.rejects(restore(world, { waitMs: 3_600_000 }), (error: StillshotError) => {
      assert.equal(error.code, 'run-under-way')
      assert.match(error.hint, /stillshot recover/)
      return true
    })
    assert.ok(world.clock.monotonic() - begunAt < 5_000)
  })
})

/** The catalog as a run that has the VM already sees it. */
function withoutLocks({ catalog }: World): Catalog {
  return new Proxy<Catalog>(catalog, {
    get: (target, name: keyof Catalog) =>
      ['lockVm', 'unlockVm'].includes(name) ? async () => {} : target[name].bind(target),
  })
}

describe('others who depend on the server', () => {
  test('need a consent that names them, and nothing is touched without it', async () => {
    const world = makeWorld()
    await world.snapshot()
    world.guest.facts.replicas = 2
    const plan = await restore(world, { dryRun: true })
    assert.deepEqual(
      plan.consents.map(({ consent, message }) => [consent, message]),
      [['replicas', '2 replicas read from it']],
    )
    await assert.rejects(restore(world), (error: StillshotError) => {
      assert.equal(error.code, 'consent-missing')
      assert.match(error.hint, /--accept replicas/)
      return true
    })
    await assert.rejects(restore(world, { accept: ['galera'] }), { code: 'consent-missing' })
    assert.equal(snapshotsOf(world).length, 1)
    assert.equal((await restore(world, { accept: ['replicas'] })).cameBack, true)
  })

  test('are remembered from the point, when the server is dead', async () => {
    const world = makeWorld()
    world.guest.facts.replicas = 1
    await world.snapshot()
    const ports = deadGuest(world)
    await assert.rejects(restore(world, {}, ports), /when the point was made: 1 replicas read from it \(replicas\)/)
    assert.equal((await restore(world, { accept: ['replicas'] }, ports)).cameBack, true)
  })

  test('are remembered from the safety point, too, also when they were remembered for it', async () => {
    const world = makeWorld()
    world.guest.facts.replicas = 1
    await world.snapshot()
    for (const ports of [world.ports, deadGuest(world)]) {
      await restore(world, { accept: ['replicas'] }, ports)
      const undo = restore(world, { undo: true }, deadGuest(world))
      await assert.rejects(undo, /db1: when the point was made: 1 replicas read from it \(replicas\)/)
    }
  })
})

describe('a storage that rolls back to its newest snapshot only', () => {
  test('is refused with a safety snapshot, which would be newer, before anything is touched', async () => {
    const world = rigidWorld()
    const first = await world.snapshot()
    await assert.rejects(restore(world), /a safety snapshot would be newer/)
    assert.deepEqual(snapshotsOf(world), [first.snapshot])
    assert.equal((await restore(world, { safetySnapshot: false })).cameBack, true)
    const second = await world.snapshot()
    const order = { pointId: first.id, safetySnapshot: false }
    await assert.rejects(restore(world, order), new RegExp(`newer than ${first.snapshot}: ${second.snapshot}`))
    await assert.rejects(restore(world, { ...order, dryRun: true }), { code: 'not-supported' })
  })

  test('takes newer snapshots away only when every one of them is named, the newest first, and forgets them', async () => {
    const world = rigidWorld()
    const first = await world.snapshot()
    const second = await world.snapshot()
    await world.hypervisor.createSnapshot(await world.hypervisor.findVm('db1'), { name: 'by-hand', description: '' })
    const order = { pointId: first.id, safetySnapshot: false }
    await assert.rejects(restore(world, { ...order, removeNewer: [second.snapshot] }), (error: StillshotError) => {
      assert.match(error.message, /newer than .*: by-hand$/)
      assert.match(error.hint, /--remove-newer by-hand/)
      return true
    })
    assert.equal(snapshotsOf(world).length, 3)
    const removeNewer = [second.snapshot, 'by-hand']
    const plan = await restore(world, { ...order, removeNewer, dryRun: true })
    assert.deepEqual([plan.removes, plan.newer], [['by-hand', second.snapshot], []])
    assert.ok(plan.plan.includes('remove by-hand for good; by hand: fake remove-snapshot db1 by-hand'))
    assert.equal((await restore(world, { ...order, removeNewer })).cameBack, true)
    assert.deepEqual(snapshotsOf(world), [first.snapshot])
    assert.deepEqual(
      (await world.catalog.points()).map(({ id }) => id),
      [first.id],
    )
  })

  test('and one that does not: nothing is removed where it is not in the way', async () => {
    const world = makeWorld()
    const first = await world.snapshot()
    const second = await world.snapshot()
    const order = { pointId: first.id, removeNewer: [second.snapshot] }
    await assert.rejects(restore(world, order), /not in the way of .*, and so not to be removed/)
    const rigid = rigidWorld()
    await rigid.snapshot()
    await assert.rejects(restore(rigid, { safetySnapshot: false, removeNewer: ['other'] }), /not to be removed: other/)
  })
})
