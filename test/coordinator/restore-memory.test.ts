import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FakeShells } from '../../adapters/guests/fake/fake-shells.ts'
import { type RestorePoint, vmKey } from '../../src/catalog/catalog.ts'
import { recoverRuns } from '../../src/coordinator/recover-runs.ts'
import type { StillshotError } from '../../src/errors.ts'
import { makeWorld, type World } from '../world/world.ts'
import { restore, signal } from './restoring.ts'

const HOLD = '01JDAAAAAAAAAAAAAAAAAAAAAA'
const ACCEPTED = { accept: ['memory'] } as const

/** A restore point of somebody else's snapshot with memory. With `held`, a hold was open in that memory. */
async function withMemory({ held = false } = {}): Promise<World & { point: RestorePoint }> {
  const world = makeWorld()
  const { hypervisor, guest, catalog } = world
  const vm = await hypervisor.findVm('db1')
  const made = await hypervisor.createSnapshot(vm, { name: 'ram', description: 'by hand' })
  const state = hypervisor.state('db1')
  state.snapshots = state.snapshots.map((one) => ({ ...one, snapshot: { ...one.snapshot, memory: true } }))
  const point: RestorePoint = {
    ...{ version: 1, id: '01JDBBBBBBBBBBBBBBBBBBBBBB', run: '01JDCCCCCCCCCCCCCCCCCCCCCC', vm: 'db1', vmKey: vmKey(vm) },
    ...{ hypervisor: 'fake', snapshot: 'ram', createdAt: made.createdAt, kind: 'foreign', mode: 'none' },
    ...{ grade: 'crash-only', reasons: [], evidence: null },
  }
  await catalog.savePoint(point)
  // What was held for the safety snapshot is not in that memory; what was open then is.
  const rollBack = hypervisor.rollBack.bind(hypervisor)
  hypervisor.rollBack = async (...given) => {
    await rollBack(...given)
    if (held) await guest.program(['/usr/local/sbin/stillshot-guest', 'hold', 'mysql', HOLD, '60000', '1000'])
  }
  return { ...world, point }
}

describe('a restore of a snapshot with memory', () => {
  test('is asked for by name, before anything is touched', async () => {
    const world = await withMemory()
    await assert.rejects(restore(world, { pointId: world.point.id }), (error: StillshotError) => {
      assert.deepEqual([error.code, /--accept memory/.test(error.hint)], ['consent-missing', true])
      assert.doesNotMatch(error.message, /others depend/)
      return true
    })
    assert.equal(world.hypervisor.state('db1').rolledBack.size, 0)
  })

  test('sets the clock, and says how far it was behind', async () => {
    const world = await withMemory()
    const { cameBack, proofs, memory } = await restore(world, { pointId: world.point.id, ...ACCEPTED })
    assert.deepEqual([cameBack, memory], [true, true])
    const told = proofs.map(({ code }) => code)
    assert.deepEqual(told.slice(0, 2), ['no-hold', 'clock-set'])
    assert.match(proofs[1]?.message ?? '', /3600 s behind/)
  })

  test('releases the hold that was open in it, and the database is up', async () => {
    const world = await withMemory({ held: true })
    const { cameBack, proofs } = await restore(world, { pointId: world.point.id, ...ACCEPTED })
    assert.equal(proofs[0]?.code, 'hold-released')
    assert.match(proofs[0]?.message ?? '', new RegExp(HOLD))
    assert.deepEqual([cameBack, world.guest.facts.running, world.guest.openHolds], [true, true, []])
  })

  test('does not call a guest back whose clock stays wrong', async () => {
    const world = await withMemory()
    world.guest.faults.clockBehindMs = 60_000
    await assert.rejects(restore(world, { pointId: world.point.id, ...ACCEPTED }), (error: StillshotError) => {
      assert.equal(error.code, 'restore-unproven')
      assert.match(error.message, /60 s behind/)
      return true
    })
  })

  test('sets no clock and releases nothing of another machine that has the address by now', async () => {
    const world = await withMemory({ held: true })
    const rollBack = world.hypervisor.rollBack.bind(world.hypervisor)
    world.hypervisor.rollBack = async (...given) => {
      await rollBack(...given)
      world.guest.facts.uuid = '00000000-0000-4000-8000-00000000000f'
    }
    await assert.rejects(restore(world, { pointId: world.point.id, ...ACCEPTED }), { code: 'restore-unproven' })
    assert.equal(world.guest.asked.filter((verb) => verb === 'release').length, 0)
    assert.ok(!world.guest.asked.includes('clock'))
  })

  test('after a crash behind the roll back, recover releases what was open in the memory', async () => {
    const world = await withMemory({ held: true })
    world.hypervisor.breakNext({ call: 'powerOn', kind: 'hang' })
    restore(world, { pointId: world.point.id, ...ACCEPTED }).catch(() => {})
    await world.pass(5_000)
    assert.deepEqual(world.guest.openHolds, [HOLD])
    await world.recover()
    assert.deepEqual([world.guest.facts.running, world.guest.openHolds], [true, []])
    assert.ok(world.guest.asked.includes('clock'))
  })

  test('recover waits for a waking as long as the restore would have', async () => {
    const world = await withMemory({ held: true })
    world.hypervisor.breakNext({ call: 'powerOn', kind: 'hang' })
    restore(world, { pointId: world.point.id, ...ACCEPTED }).catch(() => {})
    await world.pass(5_000)
    const { program } = world.guest
    const slow = async (argv: readonly string[]) => {
      if (argv.includes('release')) await world.clock.sleep(400_000)
      return program(argv)
    }
    const ports = { ...world.ports, shells: new FakeShells({ clock: world.clock, program: slow }) }
    world.system.processes.restart()
    const { settled } = await recoverRuns(async () => ({ ports, settings: world.settings }), ports, { signal })
    assert.match(settled[0]?.notes?.join() ?? '', /released, for it was open in the memory/)
    assert.deepEqual([world.guest.facts.running, world.guest.openHolds], [true, []])
  })

  test('after a crash while it is woken, recover does that', async () => {
    const world = await withMemory({ held: true })
    const isWoken = () => world.hypervisor.state('db1').rolledBack.size > 0
    const shells = new FakeShells({
      clock: world.clock,
      program: (argv) =>
        argv.includes('status') && isWoken() ? new Promise<never>(() => {}) : world.guest.program(argv),
    })
    const order = { safetySnapshot: false, pointId: world.point.id, ...ACCEPTED }
    restore(world, order, { ...world.ports, shells }).catch(() => {})
    await world.pass(5_000)
    assert.deepEqual([isWoken(), world.guest.openHolds], [true, [HOLD]])
    const { settled } = await world.recover()
    assert.deepEqual([world.guest.facts.running, world.guest.openHolds], [true, []])
    assert.ok(world.guest.asked.includes('clock'))
    assert.match(settled[0]?.notes?.join() ?? '', /runs on from its memory/)
  })

  test('one without memory boots as ever: nobody touches its clock', async () => {
    const world = makeWorld()
    const point = await world.snapshot()
    const { memory } = await restore(world, { pointId: point.id })
    assert.equal(memory, undefined)
    assert.ok(!world.guest.asked.includes('clock'))
  })
})
