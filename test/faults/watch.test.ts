import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { downtimes, type Sighting } from './watch.ts'

describe('what the observer saw', () => {
  const seen = (...entries: readonly (readonly [number, string])[]): Sighting[] =>
    entries.map(([atMs, state]) => ({ atMs, boot: 'a', uptimeMs: atMs, state }))

  test('a server that answers all the time is not down', () => {
    assert.deepEqual(downtimes(seen([0, 'up 1'], [1_000, 'up 1'], [2_000, 'up 1']), 0, 2_500), [])
  })

  test('not answering, going and gone are one downtime, until it is up again', () => {
    const sightings = seen([0, 'up 1'], [100, 'running 1'], [200, 'gone'], [900, 'running 2'], [1_300, 'up 2'])
    assert.deepEqual(downtimes(sightings, 0, 2_000), [{ fromMs: 100, toMs: 1_300 }])
  })

  test('a guest that says nothing is down from a second after its last word', () => {
    assert.deepEqual(downtimes(seen([0, 'up 1'], [20_000, 'up 2']), 0, 21_000), [{ fromMs: 1_000, toMs: 20_000 }])
  })

  test('what lies outside is cut, and what is not over is cut at the end', () => {
    const sightings = seen([0, 'gone'], [500, 'up 1'], [900, 'hung 1'])
    assert.deepEqual(downtimes(sightings, 200, 1_000), [
      { fromMs: 200, toMs: 500 },
      { fromMs: 900, toMs: 1_000 },
    ])
  })
})
