import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeShells } from '../../adapters/guests/fake/fake-shells.ts'
import { loadDescriptionKey } from '../../src/coordinator/description-key.ts'
import { holdVm } from '../../src/coordinator/hold.ts'
import { releaseHold } from '../../src/coordinator/release-hold.ts'
import { takeSnapshot } from '../../src/coordinator/take-snapshot.ts'
import { StillshotError } from '../../src/errors.ts'
import { makeWorld, type World } from '../world/world.ts'

/** Two that come at once, one after the other's time, or of which one dies: there is one truth afterwards. */

const signal = new AbortController().signal

type Answer = Readonly<Record<string, unknown>>

/** The ports of the world, with the guest's answers to one verb changed on their way; what the guest does stays. */
function answering(world: World, verb: string, change: (answer: Answer, count: number) => Answer) {
  let count = 0
  const shells = new FakeShells({
    clock: world.clock,
    program: async (argv) => {
      const result = await world.guest.program(argv)
      if (!argv.includes(verb)) return result
      count += 1
      return { ...result, stdout: JSON.stringify(change(JSON.parse(result.stdout), count)) }
    },
  })
  return { ...world.ports, shells }
}

const verbs = ({ guest }: World) => guest.asked.filter((verb) => verb !== 'probe')

test('a drain whose answer was lost is ended before the hold, which needs its lock', async () => {
  const world = makeWorld({ drainMs: 5_000 })
  const ports = answering(world, 'drain', () => {
    throw new StillshotError('guest-unreachable', 'the answer was lost')
  })
  const point = await takeSnapshot(ports, world.settings, { mode: 'stop', signal })
  assert.equal(point.grade, 'db-stopped')
  assert.deepEqual(verbs(world), ['drain', 'undrain', 'hold', 'release', 'come-back'])
})

test('an undrain is repeated until the guest says that the settings are as before', async () => {
  const world = makeWorld({ drainMs: 5_000 })
  world.guest.faults.refuseHold = true
  const error = { code: 'undrain-failed', message: 'the server does not answer yet' }
  const ports = answering(world, 'undrain', (answer, count) => (count < 3 ? { ...answer, ok: false, error } : answer))
  await assert.rejects(takeSnapshot(ports, world.settings, { mode: 'stop', signal }), { code: 'hold-refused' })
  assert.equal(verbs(world).filter((verb) => verb === 'undrain').length, 3)
})

test('a key that its maker did not live to see on the disk is put there before it signs anything', async () => {
  const world = makeWorld()
  const { files } = world.system
  await files.makeFolder('/state')
  const file = await files.openAppend('/state/description.key', { create: true })
  await file.append(`\n${'5'.repeat(64)}\n`)
  await world.snapshot()
  const after = { ...world.system, files: files.afterPowerCut() }
  assert.equal(Buffer.from(await loadDescriptionKey(after, '/state')).toString('hex'), '5'.repeat(64))
})

test('a key that the disk does not take stops the run before anything is done', async () => {
  const world = makeWorld()
  world.system.files.put('/state/description.key', `${'5'.repeat(64)}\n`)
  world.system.files.setFault((operation, path) => {
    if (operation === 'sync' && path.endsWith('.key')) throw Object.assign(new Error('EIO'), { code: 'EIO' })
  })
  await assert.rejects(world.snapshot(), { code: 'state-unwritable' })
  assert.deepEqual(world.guest.downAt, [])
})

const FENCES = [
  {
    watchdog: 'fired',
    expiredUptimeMs: 1_000,
    takenUptimeMs: 2_000,
    state: 'expired',
    why: 'fired before the release',
  },
  { watchdog: 'fired', expiredUptimeMs: 3_000, takenUptimeMs: 2_000, state: 'released', why: 'fired during its start' },
  { watchdog: 'missing', expiredUptimeMs: null, takenUptimeMs: 2_000, state: 'released', why: 'was gone' },
] as const

for (const { state, why, ...facts } of FENCES) {
  test(`a hold whose watchdog ${why} counts as ${state}, and is not called db-stopped`, async () => {
    const world = makeWorld()
    const { id } = await holdVm(world.ports, world.settings, { signal })
    const ports = answering(world, 'release', (answer) => ({
      ...answer,
      fence: { ...(answer.fence as object), ...facts },
    }))
    const report = await releaseHold(ports, world.settings, id, { signal })
    assert.deepEqual([report.state, report.grade], [state, 'crash-only'])
    assert.equal((await world.catalog.hold(id))?.state, state)
  })
}

test('a release ends its own hold only: of one that is over, or that nobody knows, it leaves the open one alone', async () => {
  const world = makeWorld()
  const first = await holdVm(world.ports, world.settings, { signal })
  const released = await releaseHold(world.ports, world.settings, first.id, { signal })
  const second = await holdVm(world.ports, world.settings, { signal })
  assert.deepEqual(await releaseHold(world.ports, world.settings, first.id, { signal }), released)
  const unknown = releaseHold(world.ports, world.settings, '01JDZZZZZZZZZZZZZZZZZZZZZZ', { signal })
  await assert.rejects(unknown, { code: 'hold-not-found' })
  assert.equal(world.guest.facts.running, false)
  assert.deepEqual(world.guest.openHolds, [second.id])
  assert.equal((await world.catalog.hold(second.id))?.state, 'held')
})
