import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isTimezone, periodOf } from '../../src/policy/calendar.ts'

const at = (text: string) => Date.parse(text)

test('a moment lies in the day, week and month that people in the time zone write', () => {
  const late = at('2026-12-31T23:30:00Z')
  assert.equal(periodOf(late, 'daily', 'UTC'), '2026-12-31')
  assert.equal(periodOf(late, 'daily', 'Europe/Paris'), '2027-01-01')
  assert.equal(periodOf(late, 'monthly', 'UTC'), '2026-12')
  assert.equal(periodOf(late, 'monthly', 'Europe/Paris'), '2027-01')
  assert.equal(periodOf(late, 'weekly', 'Europe/Paris'), 'week of 2026-12-28')
  assert.equal(periodOf(late, 'daily', 'America/New_York'), '2026-12-31')
})

test('weeks begin on Monday', () => {
  assert.equal(periodOf(at('2026-11-22T23:59:59Z'), 'weekly', 'UTC'), 'week of 2026-11-16')
  assert.equal(periodOf(at('2026-11-23T00:00:00Z'), 'weekly', 'UTC'), 'week of 2026-11-23')
})

test('an hour that a clock shows twice is two hours, and half-hour zones have hours, too', () => {
  const hours = ['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'].map((text) =>
    periodOf(at(text), 'hourly', 'Europe/Paris'),
  )
  assert.deepEqual(hours, ['2026-10-25 00h UTC', '2026-10-25 01h UTC'])
  assert.equal(periodOf(at('2026-11-27T05:29:00Z'), 'hourly', 'Asia/Kolkata'), '2026-11-27 05h UTC')
})

test('every day of four centuries is one day after the one before it, and weeks change on every seventh', () => {
  const days = fc.integer({ min: -60_000, max: 90_000 })
  fc.assert(
    fc.property(days, (day) => {
      const date = new Date(day * 86_400_000).toISOString().slice(0, 10)
      assert.equal(periodOf(day * 86_400_000, 'daily', 'UTC'), date)
      const weekday = (new Date(day * 86_400_000).getUTCDay() + 6) % 7
      const monday = new Date((day - weekday) * 86_400_000).toISOString().slice(0, 10)
      assert.equal(periodOf(day * 86_400_000, 'weekly', 'UTC'), `week of ${monday}`)
    }),
  )
})

test('time zones are known by name', () => {
  assert.deepEqual(['UTC', 'Europe/Paris', 'Mars/Olympus', ''].map(isTimezone), [true, true, false, false])
})
