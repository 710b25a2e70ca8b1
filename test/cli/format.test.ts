import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { continued, formatTable, line, oneLine, printableJson } from '../../src/cli/format.ts'

describe('words of others in what is printed', () => {
  test('an end of line, a sign that hides or turns and one beyond 16 bits are shown', () => {
    assert.equal(oneLine('a\nb\u202ec\u{e0041}\t'), 'a\\x0ab\\u202ec\\u{e0041}\\x09')
    assert.equal(oneLine('größer als 日本 🐦'), 'größer als 日本 🐦')
  })

  test('a line shows what is put in, and ends where we say', () => {
    assert.equal(line`${'a\nb'}: ${3}\n`, 'a\\x0ab: 3\n')
  })

  test('several lines of others stand behind a bar', () => {
    assert.equal(continued('first\nrun 1 ended\r\nlast\n\n'), 'first\n  | run 1 ended\\x0d\n  | last')
  })

  test('a table keeps a row a row', () => {
    assert.equal(formatTable(['A', 'B'], [['x\ny', 'z']]), 'A       B\nx\\x0ay  z\n')
  })

  test('JSON is read back as it was', () => {
    const value = { text: 'a\nb\u202e\u{e0041}\u0085' }
    assert.match(printableJson(value), /^[\n\u0020-\u007e]*$/)
    assert.deepEqual(JSON.parse(printableJson(value)), value)
  })
})
