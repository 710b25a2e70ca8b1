import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Cell } from './cell.ts'
import type { InGuest } from './in-guest.ts'
import { badlyTold, leftInGuest, notRecovered, statesAround, tooLong } from './judge.ts'
import { SHORTEST_TTL_MS as TTL_MS } from './time-to-live.ts'
import { toldBy, toldText } from './told.ts'
import type { Sighting } from './watch.ts'

const LONG_MS = TTL_MS + 10_000
const fault = (more: object = {}) => ({ fault: { name: 'any', about: '', at: {}, ...more } }) as Pick<Cell, 'fault'>
const seen = (atMs: number, state: string, boot = 'a'): Sighting => ({ atMs, boot, uptimeMs: atMs, state })
const told = (status: number | null, stdout: string) =>
  toldBy(['snapshot'], { status, signal: status === null ? 'SIGKILL' : null, stdout, stderr: '' })

describe('the judge of a cell', () => {
  test('a server that stays away longer than the time to live breaks the promise', () => {
    const sightings = [seen(0, 'up 1'), seen(100, 'gone')]
    assert.deepEqual(tooLong({ fromMs: 100, toMs: TTL_MS }, fault(), {}, sightings, TTL_MS), [])
    assert.equal(tooLong({ fromMs: 100, toMs: LONG_MS }, fault(), {}, sightings, TTL_MS).length, 1)
  })

  test('the boot of a guest that was reset begins the time anew, one without a reset does not', () => {
    const downtime = { fromMs: 100, toMs: LONG_MS }
    assert.deepEqual(tooLong(downtime, fault(), {}, [seen(0, 'up 1'), seen(30_000, 'gone', 'b')], TTL_MS), [])
    assert.equal(tooLong(downtime, fault(), {}, [seen(0, 'up 1'), seen(30_000, 'gone')], TTL_MS).length, 1)
  })

  test('only a cause that hinders a start itself is waited out', () => {
    const downtime = { fromMs: 100, toMs: LONG_MS }
    assert.deepEqual(tooLong(downtime, fault({ hinders: true }), { liftedMs: 30_000 }, [], TTL_MS), [])
    assert.equal(tooLong(downtime, fault(), { liftedMs: 30_000 }, [], TTL_MS).length, 1)
  })

  test('a server that runs at the point in time is seen, before it and just after', () => {
    assert.deepEqual(statesAround([seen(0, 'up 1'), seen(500, 'gone'), seen(5_000, 'running 2')], 3_000), ['gone'])
    assert.deepEqual(statesAround([seen(0, 'up 1'), seen(4_990, 'gone')], 5_000), ['up 1', 'gone'])
    assert.deepEqual(statesAround([seen(0, 'gone'), seen(3_050, 'running 2')], 3_000), ['gone', 'running 2'])
  })

  test('whoever ends by itself says one document, and says why', () => {
    assert.deepEqual(badlyTold(told(null, '')), [])
    assert.deepEqual(badlyTold(told(30, '{"failed":[{"code":"guest-unreachable","message":"x"}]}')), [])
    assert.equal(badlyTold(told(30, '{}{}')).length, 1)
    assert.equal(badlyTold(told(30, '{}')).length, 1)
    assert.equal(badlyTold(told(1, '{"error":{"code":"defect","message":"x"}}')).length, 1)
  })

  test('in short, what was told is the code, the grade or the signal', () => {
    assert.equal(toldText(told(0, '{"points":[{"grade":"db-stopped"}]}')), 'db-stopped')
    assert.equal(toldText(told(40, '{"points":[{"grade":"suspect"}]}')), 'suspect (40)')
    assert.equal(
      toldText(told(30, '{"failed":[{"code":"guest-unreachable","message":"x"}]}')),
      'guest-unreachable (30)',
    )
    assert.equal(toldText(told(null, '')), 'SIGKILL')
  })

  test('a second recover finds nothing', () => {
    const nothing = told(0, '{"settled":[],"holds":[],"locks":[]}')
    assert.deepEqual(notRecovered([nothing, nothing]), [])
    assert.equal(notRecovered([nothing, told(0, '{"settled":[{}],"holds":[],"locks":[]}')]).length, 1)
    assert.equal(notRecovered([told(50, '{}'), nothing]).length, 1)
  })

  test('whatever is left in the guest is named', () => {
    const before: InGuest = {
      ...{ holds: [], working: 0, leftUnits: [], enabled: 'enabled', active: 'active', application: 'active' },
      ...{ settings: '200', rows: '1', leaks: [] },
    }
    assert.deepEqual(leftInGuest(before, before), [])
    const after = {
      ...before,
      leftUnits: ['a timer'],
      enabled: 'masked',
      active: 'failed',
      application: 'inactive',
      settings: '0',
      rows: '',
    }
    assert.equal(leftInGuest(before, after).length, 6)
  })
})
