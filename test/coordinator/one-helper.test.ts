import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holdVm } from '../../src/coordinator/hold.ts'
import type { Phase, ProgressEvent } from '../../src/coordinator/ports.ts'
import { releaseHold } from '../../src/coordinator/release-hold.ts'
import { takeSnapshot } from '../../src/coordinator/take-snapshot.ts'
import type { StillshotError } from '../../src/errors.ts'
import { makeWorld, type World } from '../world/world.ts'

/** The helper in the guest is replaced while stillshot works: found out, told, and never to the database's cost. */

const signal = new AbortController().signal

function replaceAt(world: World, when: Phase) {
  const phase = ({ phase, state }: ProgressEvent) => {
    if (phase === when && state === 'begun') world.guest.facts.sha256 = 'b'.repeat(64)
  }
  return { ...world.ports, progress: { phase } }
}

test('a hold that another helper answers than the preflight saw is refused and released at once', async () => {
  const world = makeWorld()
  const taken = takeSnapshot(replaceAt(world, 'hold'), world.settings, { mode: 'stop', signal })
  const error = await taken.catch((thrown: StillshotError) => thrown)
  assert.ok('code' in error)
  assert.equal(error.code, 'helper-altered')
  assert.match(error.message, /another answered: 'hold' by sha256 bbbb/)
  assert.equal(world.guest.facts.running, true)
  assert.deepEqual(world.guest.openHolds, [])
  assert.deepEqual(world.snapshotNames(), [])
  assert.deepEqual((await world.recover()).settled, [])
})

test('a hold for somebody else that another helper answers is refused, too', async () => {
  const world = makeWorld()
  await assert.rejects(holdVm(replaceAt(world, 'hold'), world.settings, { signal }), { code: 'helper-altered' })
  assert.equal(world.guest.facts.running, true)
  assert.deepEqual(world.guest.openHolds, [])
})

for (const when of ['release', 'come-back'] as const) {
  test(`a helper that was replaced before the ${when} makes the point suspect, with the reason`, async () => {
    const world = makeWorld()
    const point = await takeSnapshot(replaceAt(world, when), world.settings, { mode: 'stop', signal })
    assert.equal(point.grade, 'suspect')
    assert.ok(point.reasons.some(({ code, message }) => code === 'other-helper' && message.includes(`'${when}'`)))
    assert.equal(world.guest.facts.running, true)
  })
}

test('a release by another helper than the one that held is told, and worth nothing better than suspect', async () => {
  const world = makeWorld()
  const { id } = await holdVm(world.ports, world.settings, { signal })
  world.guest.facts.sha256 = 'b'.repeat(64)
  const { grade, reasons } = await releaseHold(world.ports, world.settings, id, { signal })
  assert.equal(grade, 'suspect')
  assert.ok(reasons.some(({ code }) => code === 'other-helper'))
  assert.equal(world.guest.facts.running, true)
})

test('recover breaks no lock on the word of a helper that is none of ours', async () => {
  const world = makeWorld()
  const { id } = await holdVm(world.ports, world.settings, { signal })
  await world.pass(world.settings.holdTtlMs)
  const record = await world.catalog.hold(id)
  assert.ok(record)
  await world.catalog.saveHold({ ...record, state: 'released' })
  world.guest.facts.sha256 = 'b'.repeat(64)
  const [kept] = (await world.recover()).locks
  assert.deepEqual([kept?.outcome, kept?.message], ['kept', 'the helper in the guest is none of ours'])
  world.guest.facts.sha256 = 'a'.repeat(64)
  assert.equal((await world.recover()).locks[0]?.outcome, 'broken')
})
