import assert from 'node:assert/strict'
import { test } from 'node:test'
import { knownHelper } from '../../src/guest/helper-file.ts'
import { proveOneHelper } from '../../src/guest/one-helper.ts'

const OURS = 'a'.repeat(64)
const OTHER = 'b'.repeat(64)

test('answers of the helper that was probed are one helper’s', () => {
  const { verdict, message } = proveOneHelper({ sha256: OURS }, [{ verb: 'hold', sha256: OURS }])
  assert.equal(verdict, 'proven')
  assert.match(message, /aaaaaaaaaaaa$/)
})

test('an answer of another, or of one that does not say, is told with its verb', () => {
  const answers = [{ verb: 'hold', sha256: OURS }, { verb: 'release', sha256: OTHER }, { verb: 'come-back' }]
  const { verdict, code, message } = proveOneHelper({ sha256: OURS }, answers)
  assert.deepEqual([verdict, code], ['contradicted', 'other-helper'])
  assert.match(message, /'release' by sha256 bbbbbbbbbbbb, 'come-back' by one without a hash$/)
})

test('a helper is of this version, of an earlier one, or none of ours', () => {
  const file = { content: '', sha256: OURS, olderSha256: [OTHER] }
  assert.deepEqual(
    [OURS, OTHER, ''].map((sha256) => knownHelper(file, sha256)),
    ['current', 'older', undefined],
  )
})
