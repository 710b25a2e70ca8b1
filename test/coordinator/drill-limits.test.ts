import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DrillSettings } from '../../src/coordinator/ports.ts'
import { runDrill } from '../../src/coordinator/run-drill.ts'
import type { StillshotError } from '../../src/errors.ts'
import { mortalPorts } from '../world/mortal-ports.ts'
import { makeWorld, type World } from '../world/world.ts'

const signal = () => new AbortController().signal
const LIMITED: DrillSettings = { assertions: [], limitMs: 60_000, limits: { atOnce: 1 } }

const drill = (world: World, more: { waitMs?: number; dryRun?: boolean } = {}, ports = world.ports) =>
  runDrill(ports, world.settings, { dryRun: false, signal: signal(), ...more })

/** The share of a drill elsewhere. */
async function another(world: World, ownerState: 'alive' | 'dead' = 'alive') {
  const owner = await world.system.processes.self()
  const other = ownerState === 'alive' ? owner : { ...owner, pid: owner.pid + 1_000 }
  const key = JSON.stringify(['drill', '01JDOTHER', null, 0])
  const lock = { vmKey: key, holdId: '01JDOTHER', run: '01JDOTHER', procedure: 'drill', owner: other, ttlMs: 0 }
  await world.catalog.lockVm({ ...lock, takenAt: '2027-01-15T08:00:00.000Z' })
  return () => world.catalog.unlockVm(key, '01JDOTHER')
}

async function limitedWorld(change: Partial<DrillSettings> = {}): Promise<World> {
  const world = makeWorld({ drill: { ...LIMITED, ...change } }, { agent: true })
  await world.snapshot()
  return world
}

describe('a drill beside others', () => {
  test('is refused while they take all there is, changes nothing, and goes in when they are through', async () => {
    const world = await limitedWorld()
    const end = await another(world)
    await assert.rejects(drill(world), (error: StillshotError) => {
      assert.deepEqual([error.code, error.details.passes], ['drill-limit', true])
      return /1 drills are under way, and 1 may be at once/.test(error.message)
    })
    assert.equal((await world.catalog.locks()).length, 1)
    assert.match((await drill(world, { dryRun: true })).findings[0]?.message ?? '', /^not now: 1 drills/)
    await end()
    assert.equal((await drill(world)).drill?.result, 'passed')
    assert.deepEqual(await world.catalog.locks(), [])
  })

  test('waits for its turn where it is told to, and not for what never comes', async () => {
    const world = await limitedWorld()
    const end = await another(world)
    const begun = drill(world, { waitMs: 600_000 })
    await world.pass(60_000)
    await end()
    assert.equal((await begun).drill?.result, 'passed')
    const never = await limitedWorld({ limits: { atOnce: 1, storageBytes: 1 } })
    const before = never.clock.monotonic()
    await assert.rejects(drill(never, { waitMs: 600_000 }), { code: 'drill-limit' })
    assert.ok(never.clock.monotonic() - before < 5_000)
  })

  test('waits for the hours', async () => {
    const world = await limitedWorld()
    const later = new Date(world.clock.now() + 2 * 3_600_000).toISOString().slice(11, 16)
    const hours = { text: `${later}-${later.slice(0, 3)}59`, timezone: 'UTC' }
    const settings = { ...world.settings, drill: { ...LIMITED, limits: { atOnce: 1, hours } } }
    const order = { dryRun: false, signal: signal() }
    await assert.rejects(runDrill(world.ports, settings, order), { code: 'drill-limit' })
    const { drill: record } = await runDrill(world.ports, settings, { ...order, waitMs: 4 * 3_600_000 })
    assert.equal(record?.at.slice(11, 13), later.slice(0, 2))
  })

  test('of two that begin at once, never both come in', async () => {
    const world = await limitedWorld()
    let most = 0
    const { clones } = world.hypervisor
    if (clones === undefined) throw new Error('no copies')
    const create = clones.create.bind(clones)
    Object.assign(clones, {
      create: async (...given: Parameters<typeof create>) => {
        most = Math.max(most, (await world.catalog.locks()).filter(({ vmKey }) => vmKey.startsWith('["drill"')).length)
        return create(...given)
      },
    })
    const ended = await Promise.allSettled([drill(world, { waitMs: 600_000 }), drill(world, { waitMs: 600_000 })])
    assert.deepEqual(
      ended.map(({ status }) => status),
      ['fulfilled', 'fulfilled'],
    )
    assert.equal(most, 1)
  })

  test('of a process that died counts until recover has settled it, and is named', async () => {
    const world = await limitedWorld()
    const claimed = async () => (await world.catalog.locks()).some(({ vmKey }) => vmKey.startsWith('["drill"'))
    for (let at = 1; !(await claimed()); at += 1) {
      const { ports, death } = mortalPorts(world.ports, at, 'after')
      drill(world, {}, ports).catch(() => {})
      await death.died
    }
    world.system.processes.restart()
    await assert.rejects(drill(world), /of a process that is dead: run `stillshot recover`/)
    await world.recover()
    assert.deepEqual(await world.catalog.locks(), [])
    assert.equal((await drill(world)).drill?.result, 'passed')
  })
})
