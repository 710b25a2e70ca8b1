import assert from 'node:assert/strict'
import { test } from 'node:test'
import { largeMedian, longFiles, longFunctions } from './sizes.ts'
import { treeOf } from './tree.ts'

const lines = (count: number, text = '') => `${text}\n`.repeat(count)

test('a file of 300 lines is right, one of 301 is told', () => {
  assert.deepEqual(longFiles([{ path: 'a.ts', text: lines(300) }]), [])
  assert.deepEqual(longFiles([{ path: 'a.ts', text: lines(301) }]), ['a.ts: 301 lines, at most 300'])
})

test('a script counts as code, with or without an ending; data does not', () => {
  assert.equal(longFiles([{ path: 'setup.sh', text: lines(301) }]).length, 1)
  assert.equal(longFiles([{ path: 'stillshot-guest', text: `#!/bin/sh\n${lines(301)}` }]).length, 1)
  assert.deepEqual(longFiles([{ path: 'recording.json', text: lines(301) }]), [])
})

test('a median over 100 lines is told', () => {
  const tree = (middle: number) => treeOf({ 'a.ts': lines(1), 'b.ts': lines(middle), 'c.ts': lines(200) })
  assert.deepEqual(largeMedian(tree(100)), [])
  assert.equal(largeMedian(tree(101)).length, 1)
})

test('long functions are told when they are 2 % or more', () => {
  const long = `const long = function () {\n${lines(50)}}\n`
  const short = 'f(() => {})\n'
  assert.deepEqual(longFunctions(treeOf({ 'a.ts': long + short.repeat(50) })), [])
  assert.deepEqual(longFunctions(treeOf({ 'a.ts': short + long })), ['a.ts:2: a function of 52 lines'])
  assert.deepEqual(longFunctions(treeOf({ 'a.ts': short })), [])
})
