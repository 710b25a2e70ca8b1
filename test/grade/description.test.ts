import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatDescription, gradeToTrust, readDescription } from '../../src/grade/description.ts'

const key = new Uint8Array(32).fill(7)
const id = '01K0000000000000000000000A'
const claim = {
  version: 1,
  grade: 'db-stopped',
  point: id,
  run: id,
  vm: 'db 1',
  at: '2026-01-01T00:00:00.000Z',
} as const

test('what was written is read back and verifies', () => {
  const read = readDescription(formatDescription(claim, key), key)
  assert.deepEqual(read, { claim, verified: true })
  assert.equal(gradeToTrust(read, id), 'db-stopped')
})

test('a freeze is told, with the hold that its markers name; a forged one does not verify', () => {
  for (const freeze of [{ mode: 'freeze' }, { mode: 'freeze', held: '01K0000000000000000000000H' }] as const) {
    const text = formatDescription({ ...claim, ...freeze }, key)
    assert.deepEqual(readDescription(text, key), { claim: { ...claim, ...freeze }, verified: true })
    assert.equal(readDescription(text.replace(' mode=freeze', ''), key)?.verified ?? false, false)
  }
})

test('a description that was copied onto another snapshot says nothing', () => {
  const read = readDescription(formatDescription(claim, key), key)
  assert.equal(gradeToTrust(read, '01K0000000000000000000000B'), 'suspect')
  assert.equal(gradeToTrust(read, undefined), 'suspect')
})

test('a changed word or another key does not verify, and is suspect', () => {
  const text = formatDescription({ ...claim, grade: 'crash-only' }, key).replace('crash-only', 'db-stopped')
  assert.equal(readDescription(text, key)?.verified, false)
  assert.equal(gradeToTrust(readDescription(text, key), id), 'suspect')
  assert.equal(gradeToTrust(readDescription(formatDescription(claim, key), new Uint8Array(32)), id), 'suspect')
})

test('pending is suspect', () => {
  assert.equal(
    gradeToTrust(readDescription(formatDescription({ ...claim, grade: 'pending' }, key), key), id),
    'suspect',
  )
})

test('foreign descriptions are never ours, and never throw', () => {
  fc.assert(fc.property(fc.string(), (text) => assert.equal(readDescription(text, key), undefined)))
})

test('any name of a VM survives the way there and back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (vm) => {
      assert.equal(readDescription(formatDescription({ ...claim, vm }, key), key)?.claim.vm, vm)
    }),
  )
})
