import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeadlineExceeded } from '../../src/system/clock.ts'
import { durationWords } from '../../src/system/duration-words.ts'

test('a length of time is said in its two largest units', () => {
  const said = [0, 340, 4_000, 4_200, 59_960, 60_000, 90_000, 600_000, 3_599_600, 7_800_000].map(durationWords)
  assert.deepEqual(said, [
    ...['0 ms', '340 ms', '4 s', '4.2 s', '60 s', '1 min', '1 min 30 s', '10 min', '1 h', '2 h 10 min'],
  ])
})

test('a deadline says its time in words', () => {
  assert.equal(new DeadlineExceeded(600_000).message, 'not finished after 10 min')
})
