import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWanted, readOptions } from './options.ts'
import { limitOf } from './suites.ts'
import { isGood, summaryOf, sumOf } from './tally.ts'

test('the last line adds up what every suite counted', () => {
  const tally = sumOf([
    { passed: 2, failed: 0, skipped: 1 },
    { passed: 3, failed: 1, skipped: 0 },
  ])
  assert.equal(summaryOf(tally), '5 passed, 1 failed, 1 skipped')
})

test('only tests that passed, and at least one, are good', () => {
  assert.equal(isGood({ passed: 1, failed: 0, skipped: 0 }), true)
  assert.equal(isGood({ passed: 1, failed: 1, skipped: 0 }), false)
  assert.equal(isGood({ passed: 1, failed: 0, skipped: 1 }), false)
  assert.equal(isGood({ passed: 0, failed: 0, skipped: 0 }), false)
})

test('without options everything is run, checks included', () => {
  assert.deepEqual(readOptions([]), { checks: true, unit: true, labs: true, paths: [] })
})

test('--unit leaves the labs out, --labs leaves the rest out', () => {
  assert.deepEqual(readOptions(['--unit']), { checks: true, unit: true, labs: false, paths: [] })
  assert.deepEqual(readOptions(['--labs']), { checks: false, unit: false, labs: true, paths: [] })
})

test('a filter leaves the checks out and chooses files by a part of their path', () => {
  const options = readOptions(['catalog'])
  assert.deepEqual(options, { checks: false, unit: true, labs: true, paths: ['catalog'] })
  assert.equal(isWanted('test/adapters/catalogs/a.test.ts', { paths: ['catalog'] }), true)
  assert.equal(isWanted('test/cli/a.test.ts', { paths: ['catalog'] }), false)
})

test('an unknown option is an error', () => {
  assert.throws(() => readOptions(['--units']))
})

test('a lab file may ask for more time in a line of its own', () => {
  assert.equal(limitOf("// time limit: 3600 s\nimport 'x'\n"), 3_600_000)
  assert.equal(limitOf("// time limit: 1200 s\nimport 'x'\n"), 2_400_000)
  assert.equal(limitOf("import 'x'\n"), 2_400_000)
})
