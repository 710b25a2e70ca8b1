import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeWorld } from '../world/world.ts'

test('a start that failed and that somebody made good: the guest is let go before the run says that it is over', async () => {
  const world = makeWorld()
  world.guest.faults.startFails = true
  const taking = world.snapshot()
  await world.pass(20_000)
  assert.equal(world.guest.facts.running, false)
  world.guest.startByHand()
  const { grade } = await taking
  assert.equal(grade, 'db-stopped')
  assert.deepEqual(world.guest.openHolds, [])
  assert.equal(world.guest.asked.filter((verb) => verb === 'release').length, 2)
})
