import assert from 'node:assert/strict'
import { test } from 'node:test'
import { slowestOf } from './slowest.ts'

test('each lane shows what it took, and its slowest suites, the slowest first', () => {
  const timed = [
    { name: 'quick', lane: 'native', seconds: 1.2 },
    { name: 'boots', lane: 'machine', seconds: 40.6 },
    { name: 'slow', lane: 'native', seconds: 9.9 },
    { name: 'boots twice', lane: 'machine', seconds: 80 },
  ] as const
  assert.deepEqual(slowestOf(timed), [
    '       lane machine: 2 suites, 121 s; the slowest:',
    '     80 s  boots twice',
    '     41 s  boots',
    '       lane native: 2 suites, 11 s; the slowest:',
    '     10 s  slow',
    '      1 s  quick',
  ])
})

test('a long lane is cut off, and one suite alone says for itself what it took', () => {
  const suite = { name: 'x', lane: 'native', seconds: 1 } as const
  assert.equal(slowestOf(Array(20).fill(suite)).length, 9)
  assert.deepEqual(slowestOf([suite]), [])
})
