import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FakeShells } from '../../adapters/guests/fake/fake-shells.ts'
import { StillshotError } from '../../src/errors.ts'
import { decideRetention } from '../../src/policy/retention.ts'
import { makeWorld, type World } from '../world/world.ts'
import { deadGuest, restore } from './restoring.ts'

const last = (world: World) => world.pointsInTime.at(-1)

/** Ports whose helper answers this verb with what a test makes of it. */
function answering(world: World, verb: string, change: () => Promise<never> | undefined) {
  const shells = new FakeShells({
    clock: world.clock,
    program: async (argv) => (argv.includes(verb) ? await change() : undefined) ?? world.guest.program(argv),
  })
  return { ...world.ports, shells }
}

const gone = async (): Promise<never> => {
  throw new StillshotError('guest-unreachable', 'db1: no route to host')
}

describe('the safety snapshot of a restore', () => {
  test('is taken while the profile stands still, and is graded by its evidence', async () => {
    const world = makeWorld()
    await world.snapshot()
    const { safetyPoint, safetyGap, safety } = await restore(world)
    assert.deepEqual([safetyPoint?.grade, safetyPoint?.mode, safetyPoint?.reasons], ['db-stopped', 'stop', []])
    assert.deepEqual([last(world)?.running, safety?.held, safetyGap?.held], [false, true, true])
    assert.deepEqual(world.guest.openHolds, [])
    assert.equal(world.guest.facts.running, true)
  })

  test('is proven to be what an undo brings back, by its own marker and its clean start', async () => {
    const world = makeWorld()
    await world.snapshot()
    const { safetyPoint } = await restore(world)
    const back = await restore(world, { undo: true })
    assert.deepEqual([back.point.id, back.cameBack], [safetyPoint?.id, true])
    assert.ok(
      back.proofs.some(({ code, message }) => code === 'marker-read' && message.includes(safetyPoint?.run ?? '-')),
    )
    assert.ok(back.proofs.some(({ claim, verdict }) => claim === 'no-crash-recovery' && verdict === 'proven'))
  })

  test('is not held, and says so before, where databases are half restored', async () => {
    const world = makeWorld()
    await world.snapshot()
    const half = { run: 'R', since: '2026-11-28T00:00:00Z', held: false, databases: ['shop'], loaded: null }
    const before = world.guest.facts.bootId
    const shells = new FakeShells({
      clock: world.clock,
      program: async (argv) => {
        const answer = await world.guest.program(argv)
        if (!argv.includes('probe') || world.guest.facts.bootId !== before) return answer
        return { ...answer, stdout: JSON.stringify({ ...JSON.parse(answer.stdout), half }) }
      },
    })
    const { safety, guest, safetyPoint } = await restore(world, {}, { ...world.ports, shells })
    assert.deepEqual([safety?.held, guest?.state], [false, 'database-down'])
    assert.match(safety?.message ?? '', /shop: half restored since .* by run R/)
    assert.equal(safetyPoint?.grade, 'crash-only')
    assert.equal(world.guest.asked.filter((verb) => verb === 'hold').length, 1, 'that of the snapshot')
  })

  test('is no more than a power cut’s worth where the stop was not clean', async () => {
    const world = makeWorld()
    await world.snapshot()
    world.guest.faults.killed = true
    assert.equal((await restore(world)).safetyPoint?.grade, 'crash-only')
  })

  test('is told not to be held, and why, where the guest does not answer or its database is down', async () => {
    const world = makeWorld()
    await world.snapshot()
    const dead = await restore(world, {}, deadGuest(world))
    assert.deepEqual([dead.safety?.held, dead.safetyPoint?.grade, dead.safetyGap?.held], [false, 'crash-only', false])
    assert.match(
      dead.safetyPoint?.reasons[0]?.message ?? '',
      /nothing was stopped for this snapshot: .*no route to host/,
    )
    world.guest.facts.running = false
    const down = await restore(world, { dryRun: true })
    assert.deepEqual(down.safety, { held: false, message: 'db1: it does not run' })
    assert.equal((await restore(world, { dryRun: true, safetySnapshot: false })).safety, null)
  })

  for (const verb of ['hold', 'fence']) {
    test(`of a guest whose ${verb} fails is graded as a power cut’s, and the restore goes on`, async () => {
      const world = makeWorld()
      const point = await world.snapshot()
      const report = await restore(world, {}, answering(world, verb, gone))
      assert.deepEqual([report.cameBack, report.point.id, report.safetyPoint?.grade], [true, point.id, 'crash-only'])
      assert.match(report.safetyPoint?.reasons[0]?.message ?? '', /no route to host/)
      assert.equal(report.safetyPoint?.mode, 'none')
    })
  }

  test('is not taken, and nothing is rolled back, under a hold that somebody took since the look', async () => {
    const world = makeWorld()
    await world.snapshot()
    const before = world.snapshotNames()
    const locked = async (): Promise<never> => {
      throw new StillshotError('guest-locked', 'db1: hold 01KB is open')
    }
    await assert.rejects(restore(world, {}, answering(world, 'hold', locked)), { code: 'guest-locked' })
    assert.deepEqual([world.snapshotNames(), world.guest.facts.running], [before, true])
  })

  test('is told to miss what was written where the watchdog was faster than the roll back', async () => {
    const world = makeWorld()
    await world.snapshot()
    const { hypervisor } = world
    const describe = hypervisor.describeSnapshot.bind(hypervisor)
    hypervisor.describeSnapshot = async (...given) => {
      hypervisor.describeSnapshot = describe
      await describe(...given)
      await world.pass(70_000)
    }
    const { safetyPoint, safetyGap } = await restore(world)
    assert.equal(safetyPoint?.grade, 'db-stopped')
    assert.equal(safetyGap?.held, false)
    assert.ok((safetyGap?.ms ?? 0) >= 70_000, `${safetyGap?.ms}`)
  })

  test('stands for no other point: neither retention nor a restore takes it for one', async () => {
    const world = makeWorld()
    const point = await world.snapshot()
    await restore(world)
    assert.equal((await restore(world, { dryRun: true })).point.id, point.id)
    const candidates = [
      { id: 'planned', atMs: 1, grade: 'db-stopped', kind: 'snapshot' },
      { id: 'safety', atMs: 2, grade: 'db-stopped', kind: 'safety', passedDrill: true },
    ] as const
    const policies = [{ name: 'none', keep: { last: 0 }, timezone: 'UTC' }]
    const fates = decideRetention([{ ...candidates[0], passedDrill: true }, candidates[1]], policies)
    assert.deepEqual(fates.map(({ id, reasons }) => [id, reasons.map(({ code }) => code)])[0], [
      'planned',
      ['last-of-its-grade', 'last-that-passed-a-drill'],
    ])
  })
})

describe('a restore that fails after its safety snapshot', () => {
  test('lets the application come back when the roll back is refused', async () => {
    const world = makeWorld()
    await world.snapshot()
    const error = new StillshotError('storage-full', 'full')
    world.hypervisor.breakNext({ call: 'rollBack', kind: 'fail', error })
    await assert.rejects(restore(world), { code: 'storage-full' })
    assert.deepEqual([world.guest.facts.running, world.guest.openHolds], [true, []])
  })

  test('lets a machine go on that its roll back left paused, and its application come back', async () => {
    const world = makeWorld()
    await world.snapshot()
    const { hypervisor } = world
    const program = world.guest.program
    hypervisor.rollBack = async () => {
      hypervisor.state('db1').power = 'paused'
      throw new StillshotError('storage-full', 'full')
    }
    const shells = new FakeShells({
      clock: world.clock,
      program: async (argv) => (hypervisor.state('db1').power === 'paused' ? gone() : program(argv)),
    })
    await assert.rejects(restore(world, {}, { ...world.ports, shells }), { code: 'storage-full' })
    assert.deepEqual([hypervisor.state('db1').power, world.guest.facts.running], ['running', true])
  })

  test('asks nobody to let go in a machine that is off, or that is another one by now', async () => {
    const world = makeWorld()
    await world.snapshot()
    const { hypervisor } = world
    const rollBack = hypervisor.rollBack.bind(hypervisor)
    hypervisor.rollBack = async (...given) => {
      await rollBack(...given)
      throw new StillshotError('hypervisor-refused', 'no')
    }
    const before = world.clock.monotonic()
    await assert.rejects(restore(world), { code: 'hypervisor-refused' })
    assert.ok(world.clock.monotonic() - before < 30_000)
    assert.equal(hypervisor.state('db1').power, 'running')
    assert.equal(world.guest.asked.filter((verb) => verb === 'release').length, 1, 'that of the snapshot')
  })
})
