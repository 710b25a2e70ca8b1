import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { orderAlgorithms } from '../../../../adapters/guests/ssh/host-key-algorithms.ts'
import { judgeHostKey } from '../../../../adapters/guests/ssh/host-key-verdict.ts'

const ed25519 = { type: 'ssh-ed25519', base64: 'AAAA', fingerprint: 'SHA256:one' }
const other = { type: 'ssh-ed25519', base64: 'BBBB', fingerprint: 'SHA256:two' }
const rsa = { type: 'ssh-rsa', base64: 'CCCC', fingerprint: 'SHA256:three' }
const place = { guest: 'db1 (10.0.0.5:22)', knownHostsPath: '/etc/known_hosts' }

function judge(trusted: (typeof rsa)[], revoked: (typeof rsa)[] = [], authorities = 0) {
  return judgeHostKey({ trusted, revoked, authorities }, ed25519, place)
}

describe('judgeHostKey()', () => {
  test('accepts a key that is trusted, beside others', () => {
    assert.equal(judge([rsa, other, ed25519]), undefined)
  })

  test('an unknown host: the message holds the fingerprint that was seen', () => {
    const error = judge([])
    assert.equal(error?.code, 'host-key-unknown')
    assert.match(error.message, /SHA256:one/)
  })

  test('a changed key: the message holds both fingerprints', () => {
    const error = judge([other])
    assert.equal(error?.code, 'host-key-changed')
    assert.match(error.message, /SHA256:one.*SHA256:two/)
    assert.deepEqual(error.details.expected, ['SHA256:two'])
  })

  test('a key of another type than the known one counts as changed', () => {
    assert.equal(judge([rsa])?.code, 'host-key-changed')
  })

  test('a revoked key is refused though it is trusted too, and nobody is told to trust it', () => {
    const error = judge([ed25519], [ed25519])
    assert.equal(error?.code, 'host-key-changed')
    assert.match(error.message, /@revoked/)
    assert.doesNotMatch(error.hint, /stillshot trust/)
  })

  test('an authority does not make a host known, and the message says so', () => {
    const error = judge([], [], 1)
    assert.equal(error?.code, 'host-key-unknown')
    assert.match(error.message, /@cert-authority/)
  })
})

describe('orderAlgorithms()', () => {
  test('asks for the types that are known first, and for the others after them', () => {
    assert.deepEqual(orderAlgorithms([rsa]).slice(0, 3), ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-ed25519'])
    assert.deepEqual(orderAlgorithms([rsa, ed25519]).slice(0, 3), ['ssh-ed25519', 'rsa-sha2-512', 'rsa-sha2-256'])
    assert.equal(orderAlgorithms([]).length, 6)
  })

  test('never asks for signatures with SHA-1', () => {
    assert.equal(orderAlgorithms([rsa]).includes('ssh-rsa'), false)
  })
})
