import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { holdVm } from '../../src/coordinator/hold.ts'
import { releaseHold } from '../../src/coordinator/release-hold.ts'
import { restoreChoices } from '../../src/coordinator/restore-choices.ts'
import { StillshotError } from '../../src/errors.ts'
import { makeWorld, type World } from '../world/world.ts'
import { deadGuest, restore, signal } from './restoring.ts'

const contents = (world: World) => world.hypervisor.state('db1').contents

describe('the point that a restore goes to', () => {
  test('is the newest db-stopped one that the hypervisor still has', async () => {
    const world = makeWorld()
    const first = await world.snapshot()
    await world.pass(60_000)
    const second = await world.snapshot()
    assert.equal((await restore(world, { dryRun: true })).point.id, second.id)
    world.hypervisor.state('db1').snapshots.pop()
    assert.equal((await restore(world, { dryRun: true })).point.id, first.id)
    const choices = await restoreChoices(world.ports, world.settings, { signal })
    assert.deepEqual([choices.recommended, choices.points.length, choices.underWay], [first.id, 1, null])
  })

  test('is recommended to a person as the newest that passed a drill, and without a person is the newest', async () => {
    const world = makeWorld()
    const first = await world.snapshot()
    await world.pass(60_000)
    const second = await world.snapshot()
    const times = { bootMs: 1, readyMs: 1, checkMs: 1, totalMs: 3 }
    const drill = { run: first.run, at: second.createdAt, result: 'passed', reasons: [], tables: 1, ...times } as const
    await world.catalog.savePoint({ ...first, drills: [drill] })
    const { recommended } = await restoreChoices(world.ports, world.settings, { signal })
    assert.equal(recommended, first.id)
    assert.equal((await restore(world, { dryRun: true })).point.id, second.id)
  })

  test('is the newest at or before a time; suspect and safety points, and times without a zone, are none', async () => {
    const world = makeWorld()
    const first = await world.snapshot()
    await world.pass(60_000)
    world.guest.faults.killed = true
    const second = await world.snapshot()
    assert.equal(second.grade, 'crash-only')
    assert.equal((await restore(world, { at: second.createdAt, dryRun: true })).point.id, second.id)
    const before = new Date(Date.parse(second.createdAt) - 1).toISOString()
    assert.equal((await restore(world, { at: before, dryRun: true })).point.id, first.id)
    await world.catalog.savePoint({ ...second, grade: 'suspect' })
    assert.equal((await restore(world, { at: second.createdAt, dryRun: true })).point.id, first.id)
    await assert.rejects(restore(world, { at: '2000-01-01T00:00:00Z' }), { code: 'point-not-found' })
    for (const at of ['2026-11-27', '2026-11-27T02:30', 'yesterday', '02:30Z']) {
      await assert.rejects(restore(world, { at }), { code: 'usage' }, at)
    }
  })

  test('is shown with the snapshots that are newer, and with what the machine is like now', async () => {
    const world = makeWorld()
    const first = await world.snapshot()
    const second = await world.snapshot()
    const report = await restore(world, { pointId: first.id, dryRun: true })
    assert.deepEqual(report.newer, [second.snapshot])
    assert.equal(report.guest.state, 'healthy')
    assert.match(report.plan[0] ?? '', /by hand: fake create-snapshot db1 before-restore/)
    assert.deepEqual(world.guest.asked.filter((verb) => verb === 'hold').length, 2, 'nothing was held for it')
  })
})

describe('the guest that comes up', () => {
  test('is asked no more than it needs: its first answer is judged, too', async () => {
    const world = makeWorld()
    await world.snapshot()
    const before = world.guest.asked.length
    await restore(world)
    assert.deepEqual(world.guest.asked.slice(before), ['probe', 'hold', 'fence', 'status', 'come-back'])
  })

  test('is asked again until its server is up', async () => {
    const world = makeWorld()
    await world.snapshot()
    const startAgain = () => world.guest.startByHand()
    const { hypervisor } = world
    const powerOn = hypervisor.powerOn.bind(hypervisor)
    hypervisor.powerOn = async (...given) => {
      await powerOn(...given)
      world.guest.facts.running = false
      world.clock.sleep(20_000).then(startAgain)
    }
    const report = await restore(world)
    assert.equal(report.cameBack, true)
    assert.ok(report.readyMs >= 19_000, `${report.readyMs}`)
  })
})

describe('restore --undo', () => {
  test('goes to the safety point of the last restore, once, and its own safety point leads forward again', async () => {
    const world = makeWorld()
    const point = await world.snapshot()
    contents(world).set('vda', 'written since')
    const there = await restore(world)
    assert.equal(contents(world).get('vda'), undefined)
    const back = await restore(world, { undo: true })
    assert.deepEqual([back.point.id, back.cameBack], [there.safetyPoint?.id, true])
    assert.equal(contents(world).get('vda'), 'written since')
    assert.equal((await world.catalog.runs({ vm: 'db1' }))[0]?.procedure, 'undo-restore')
    await assert.rejects(restore(world, { undo: true }), (error: StillshotError) => {
      assert.equal(error.code, 'point-not-found')
      assert.match(error.message, /undone already, by run/)
      assert.match(error.hint, new RegExp(`--point ${back.safetyPoint?.id}`))
      return true
    })
    const again = await restore(world, { pointId: point.id })
    assert.equal((await restore(world, { undo: true, dryRun: true })).point.id, again.safetyPoint?.id)
  })

  test('says why there is nothing to undo', async () => {
    const world = makeWorld()
    await world.snapshot()
    await assert.rejects(restore(world, { undo: true }), /db1 has no restore to undo/)
    await restore(world, { safetySnapshot: false })
    await assert.rejects(restore(world, { undo: true }), /has no safety point: none was taken/)
  })

  test('undoes a restore that failed once the disks were back, and none that failed before', async () => {
    const world = makeWorld()
    const point = await world.snapshot()
    contents(world).set('vda', 'first')
    const first = await restore(world)
    world.hypervisor.breakNext({ call: 'rollBack', kind: 'fail', error: new StillshotError('storage-full', 'full') })
    await assert.rejects(restore(world), { code: 'storage-full' })
    assert.equal((await restore(world, { undo: true, dryRun: true })).point.id, first.safetyPoint?.id)
    const refused = new StillshotError('hypervisor-refused', 'no')
    world.hypervisor.breakNext({ call: 'powerOn', kind: 'fail', error: refused })
    await assert.rejects(restore(world, { pointId: point.id }), { code: 'hypervisor-refused' })
    const undo = await restore(world, { undo: true, dryRun: true })
    assert.notEqual(undo.point.id, first.safetyPoint?.id)
    assert.equal(undo.point.run, (await world.catalog.runs({ vm: 'db1' }))[0]?.id)
  })

  test('keeps to the safety point that was shown', async () => {
    const world = makeWorld()
    await world.snapshot()
    const first = await restore(world)
    await restore(world)
    const order = { undo: true, pointId: first.safetyPoint?.id ?? '' }
    await assert.rejects(restore(world, order), /is no longer the safety point of the last restore/)
  })
})

describe('restore --undo behind another restore', () => {
  /** The first restore is done; another one has the VM, and does not put its disks back until it is let go. */
  async function underWay({ fails = false } = {}) {
    const world = makeWorld()
    await world.snapshot()
    const first = await restore(world)
    const { promise, resolve } = Promise.withResolvers<void>()
    const { hypervisor } = world
    const rollBack = hypervisor.rollBack.bind(hypervisor)
    hypervisor.rollBack = async (...given) => {
      hypervisor.rollBack = rollBack
      await promise
      await rollBack(...given)
      const error = new StillshotError('hypervisor-refused', 'no')
      if (fails) hypervisor.breakNext({ call: 'powerOn', kind: 'fail', error })
    }
    const second = restore(world)
    await world.pass(5_000)
    return { world, first, second, letGo: resolve }
  }

  test('goes to the safety point of that one', async () => {
    const { world, second, letGo } = await underWay()
    const undo = restore(world, { undo: true, waitMs: 60_000 })
    await world.pass(5_000)
    letGo()
    assert.equal((await undo).point.id, (await second).safetyPoint?.id)
  })

  test('does nothing where another safety point was shown', async () => {
    const { world, first, second, letGo } = await underWay()
    const order = { undo: true, pointId: first.safetyPoint?.id ?? '', waitMs: 60_000 }
    const undo = assert.rejects(restore(world, order), /is no longer the safety point of the last restore/)
    await world.pass(5_000)
    letGo()
    await undo
    await second
  })

  for (const fails of [false, true]) {
    test(`knows it before the catalog does, when it ${fails ? 'failed' : 'ended well'}`, async () => {
      const { world, first, second, letGo } = await underWay({ fails })
      const saveRun = world.catalog.saveRun.bind(world.catalog)
      const written = Promise.withResolvers<void>()
      world.catalog.saveRun = async (run) => {
        world.catalog.saveRun = saveRun
        await written.promise
        return saveRun(run)
      }
      const ended = second.catch(() => undefined)
      const undo = restore(world, { undo: true, waitMs: 60_000 })
      letGo()
      const { point } = await undo
      assert.notEqual(point.id, first.safetyPoint?.id)
      written.resolve()
      await ended
    })
  }

  test('is about the restore that ran last, not the one that was begun last', async () => {
    const { world, second, letGo } = await underWay()
    const begunFirst = restore(world, { waitMs: 60_000 })
    await world.pass(300)
    const begunLater = restore(world, { waitMs: 60_000 })
    // Between two looks at the lock of the one, and before the next look of the other.
    await world.pass(800)
    letGo()
    await second
    const early = (await begunLater).safetyPoint
    const late = (await begunFirst).safetyPoint
    assert.ok((early?.createdAt ?? '') < (late?.createdAt ?? ''), 'they ran in the other order')
    assert.equal((await restore(world, { undo: true, dryRun: true })).point.id, late?.id)
  })
})

describe('a machine that is broken', () => {
  test('and answers no more is restored, and its safety point says how it was and is graded no better', async () => {
    const world = makeWorld()
    const point = await world.snapshot()
    const report = await restore(world, {}, deadGuest(world))
    assert.deepEqual([report.point.id, report.cameBack], [point.id, true])
    assert.equal(report.guest.state, 'silent')
    assert.equal(report.safetyPoint?.grade, 'crash-only')
    assert.deepEqual(report.safetyPoint?.evidence, { ...Object(report.safetyPoint?.evidence), guest: report.guest })
  })

  test('comes back broken by an undo, which waits for no answer that nobody gave before, and is told as done', async () => {
    const world = makeWorld()
    await world.snapshot()
    contents(world).set('vda', 'broken')
    await restore(world, {}, deadGuest(world))
    const begunAt = world.clock.monotonic()
    const back = await restore(world, { undo: true }, deadGuest(world, { staysDead: true }))
    assert.equal(contents(world).get('vda'), 'broken')
    assert.equal(back.cameBack, true)
    assert.ok(world.clock.monotonic() - begunAt < 150_000)
    assert.equal(world.hypervisor.state('db1').power, 'running')
  })

  test('and is off is restored without being asked', async () => {
    const world = makeWorld()
    await world.snapshot()
    world.hypervisor.state('db1').power = 'off'
    const asked = world.guest.asked.length
    const plan = await restore(world, { dryRun: true })
    assert.deepEqual([plan.guest, world.guest.asked.length], [{ state: 'silent', message: 'db1 is off' }, asked])
    assert.equal((await restore(world)).cameBack, true)
  })

  test('with a server that does not run comes back so, without being called unproven', async () => {
    const world = makeWorld()
    await world.snapshot()
    world.guest.facts.running = false
    const there = await restore(world)
    assert.equal(there.guest.state, 'database-down')
    const undone = await restore(world, { undo: true })
    assert.equal(undone.cameBack, true)
  })

  test('and held by somebody is left alone', async () => {
    const world = makeWorld()
    await world.snapshot()
    const elsewhere = makeWorld().catalog
    const { id } = await holdVm({ ...world.ports, catalog: elsewhere }, world.settings, { signal })
    await assert.rejects(restore(world, { dryRun: true }), { code: 'guest-locked' })
    await assert.rejects(restore(world), { code: 'guest-locked' })
    assert.deepEqual(await world.catalog.locks(), [])
    const planned = await restore(world, { dryRun: true, waitMs: 60_000 })
    assert.equal(planned.guest.state, 'database-down', 'whoever waits is told what will be done')
    await assert.rejects(restore(world, { waitMs: 60_000 }), { code: 'guest-locked' })
    await releaseHold({ ...world.ports, catalog: elsewhere }, world.settings, id, { signal })
  })
})
