import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FakeHypervisor } from '../../adapters/hypervisors/fake/fake-hypervisor.ts'
import { restoreChoices } from '../../src/coordinator/restore-choices.ts'
import { takeSnapshot } from '../../src/coordinator/take-snapshot.ts'
import type { StillshotError } from '../../src/errors.ts'
import { makeWorld, type World } from '../world/world.ts'
import { deadGuest, restore, signal, snapshotsOf } from './restoring.ts'

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
})

describe('a storage that rolls back to its newest snapshot only', () => {
  function rigidWorld() {
    const world = makeWorld()
    const state = world.hypervisor.state('db1')
    const { nativeId, uuid, macs, disks } = state
    const hypervisor = new FakeHypervisor({
      clock: world.clock,
      vms: [{ nativeId, uuid, macs, disks }],
      capabilities: { rollBackToAny: false },
      onRollBack: (_, { name }) => {
        world.guest.reset()
        world.guest.facts.marker = `${name.slice('stillshot-'.length)} boot`
      },
    })
    const ports = { ...world.ports, hypervisor }
    return { ...world, hypervisor, ports } as World
  }

  test('is refused with a safety snapshot, which would be newer, before anything is touched', async () => {
    const world = rigidWorld()
    const take = () => takeSnapshot(world.ports, world.settings, { mode: 'stop', signal })
    const first = await take()
    await assert.rejects(restore(world), /a safety snapshot would be newer/)
    assert.deepEqual(snapshotsOf(world), [first.snapshot])
    assert.equal((await restore(world, { safetySnapshot: false })).cameBack, true)
    const second = await take()
    const order = { pointId: first.id, safetySnapshot: false }
    await assert.rejects(restore(world, order), new RegExp(`newer than ${first.snapshot}: ${second.snapshot}`))
    await assert.rejects(restore(world, { ...order, dryRun: true }), { code: 'not-supported' })
  })
})
