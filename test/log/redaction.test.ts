import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { REDACTED, Redaction } from '../../src/log/redaction.ts'

test('no secret of four letters or more is left in a text', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 4, maxLength: 30 }), fc.string(), fc.string(), (secret, before, after) => {
      const redaction = new Redaction()
      redaction.add(secret)
      const clean = redaction.text(before + secret + after)
      return REDACTED.includes(secret) || !clean.replaceAll(REDACTED, '\u0000').includes(secret)
    }),
  )
})

test('the longer of two secrets goes first', () => {
  const redaction = new Redaction()
  redaction.add('abcd')
  redaction.add('abcdefgh')
  assert.equal(redaction.text('abcdefgh'), REDACTED)
})

test('a line of a secret of several lines is redacted too', () => {
  const redaction = new Redaction()
  redaction.add('first line of a key\nsecond line of a key\n')
  assert.equal(redaction.text('saw: second line of a key'), `saw: ${REDACTED}`)
})

test('very short secrets leave ordinary words alone', () => {
  const redaction = new Redaction()
  redaction.add('db')
  assert.equal(redaction.text('db1'), 'db1')
})

test('cycles are cut', () => {
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  assert.match(JSON.stringify(new Redaction().value(cycle)), /too deep/)
})

test('a text that is as short as the shortest form of a secret is searched', () => {
  const redaction = new Redaction()
  redaction.add('a longer secret')
  redaction.add('abcd')
  assert.equal(redaction.text('abcd'), REDACTED)
  assert.deepEqual(redaction.document({ abcd: 'abcd', ab: 'abc' }), { [REDACTED]: REDACTED, ab: 'abc' })
})
