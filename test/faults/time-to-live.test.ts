import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holdOf, MEASURING_TTL_MS, SHORTEST_TTL_MS, timeToLive } from './time-to-live.ts'

test('a quick guest is held shortly, a slow one as long as it needs, and none longer than it is measured', () => {
  assert.equal(timeToLive(4_000), SHORTEST_TTL_MS)
  assert.equal(timeToLive(4_000, 25_000), 25_000)
  assert.equal(timeToLive(20_100), 65_000)
  assert.equal(timeToLive(10 * MEASURING_TTL_MS), MEASURING_TTL_MS)
})

test('the limits of stop and start fit into the time to live together with what else there is', () => {
  assert.deepEqual(holdOf(45_000), { hold: '{ ttl: 45s, budget: 43s }', limits: 'stopLimit: 30s, startLimit: 20s' })
})
