import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { knownHostsName } from '../../../../adapters/guests/ssh/host-pattern.ts'
import { findHost } from '../../../../adapters/guests/ssh/known-hosts-lines.ts'
import { hasCode } from '../../../conformance/guest-shell-subject.ts'

const ED25519 = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBGF4lMMPSLiwr5ZHm71WjWbBVsr8SxcCVWNmpcTqiZV'
const OTHER = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKkMuvEdB3L1dlAMCxRlkSb6pqLZFbmXCZBt/2E6Y0Yz'
// Written by `ssh-keygen -H` of OpenSSH 9.2 for `db1.example` and `[10.0.0.5]:2222`.
const HASHED = '|1|CttFX9kjNCsSp6Gz2agz0x7pG8k=|7QlvrEiKCIGP9t0UPhIf6V25IoQ='
const HASHED_PORT = '|1|xHS5TKlC3/Na6oWI4qx6X325FPk=|Wtyz5lLrIew8BLFNb0DxqoQc5Jk='

function trusted(text: string, host = 'db1.example', port = 22): number {
  return findHost(text, { host, port }, 'known_hosts').trusted.length
}

describe('findHost()', () => {
  test('gives the key with the fingerprint that ssh-keygen shows', () => {
    const { trusted } = findHost(`db1.example ${ED25519} root@db1\n`, { host: 'db1.example', port: 22 }, '')
    assert.deepEqual(trusted, [
      {
        type: 'ssh-ed25519',
        base64: ED25519.split(' ')[1],
        fingerprint: 'SHA256:raOXFtH+i2k7jhiWwkzgrWkbFG9aCX0vvgmz58p97nY',
      },
    ])
  })

  test('matches plain names without regard to case, and nothing but the whole name', () => {
    assert.equal(trusted(`DB1.example ${ED25519}`, 'db1.EXAMPLE'), 1)
    assert.equal(trusted(`db1.example ${ED25519}`, 'db1'), 0)
    assert.equal(trusted(`db1 ${ED25519}`), 0)
    assert.equal(trusted(`db1xexample ${ED25519}`), 0)
    assert.equal(trusted(`db2,db1.example,10.0.0.5 ${ED25519}`), 1)
  })

  test('a port other than 22 is part of the name', () => {
    assert.equal(trusted(`[db1.example]:2222 ${ED25519}`, 'db1.example', 2222), 1)
    assert.equal(trusted(`[db1.example]:2222 ${ED25519}`), 0)
    assert.equal(trusted(`db1.example ${ED25519}`, 'db1.example', 2222), 0)
    assert.equal(trusted(`2001:db8::1 ${ED25519}`, '2001:DB8::1'), 1)
  })

  test('matches hashed names', () => {
    assert.equal(trusted(`${HASHED} ${ED25519}`), 1)
    assert.equal(trusted(`${HASHED} ${ED25519}`, 'db2.example'), 0)
    assert.equal(trusted(`${HASHED_PORT} ${ED25519}`, '10.0.0.5', 2222), 1)
    assert.equal(trusted(`${HASHED_PORT} ${ED25519}`, '10.0.0.5'), 0)
    assert.equal(trusted(`|2|AAAA|AAAA ${ED25519}`), 0)
    assert.equal(trusted(`|1|AAAA ${ED25519}`), 0)
  })

  test('matches patterns; a negated one that matches excludes the host', () => {
    assert.equal(trusted(`*.example ${ED25519}`), 1)
    assert.equal(trusted(`db?.example ${ED25519}`), 1)
    assert.equal(trusted(`*.example,!db1.* ${ED25519}`), 0)
    assert.equal(trusted(`!db1.example,db1.example ${ED25519}`), 0)
    assert.equal(trusted(`!db2.example ${ED25519}`), 0)
    assert.equal(trusted(`[*]:2222 ${ED25519}`, 'db1.example', 2222), 1)
    assert.equal(trusted(`* ${ED25519}`), 1)
  })

  test('gives every key of the host, revoked ones and authorities apart', () => {
    const text = [
      `db1.example ${ED25519}`,
      `*.example ${OTHER}`,
      `@revoked * ${OTHER}`,
      `@cert-authority *.example ${ED25519}`,
      `@unheard-of db1.example ${ED25519}`,
    ]
    const records = findHost(text.join('\r\n'), { host: 'db1.example', port: 22 }, '')
    assert.deepEqual([records.trusted.length, records.revoked.length, records.authorities], [2, 1, 1])
  })

  test('skips comments, empty and damaged lines', () => {
    const damaged = [
      '',
      '   ',
      '# db1.example',
      'db1.example',
      'db1.example ssh-ed25519',
      'db1.example ssh-ed25519 %%%',
    ]
    const wrongType = `db1.example ssh-rsa ${ED25519.split(' ')[1]}`
    const version1 = 'db1.example 1024 35 1234567890'
    assert.equal(trusted([...damaged, wrongType, version1, `  db1.example\t${ED25519}`].join('\n')), 1)
  })

  test('a damaged line that revokes a key is an error that names the line', () => {
    assert.throws(
      () => trusted(`# one\n@revoked * ssh-ed25519 damaged`),
      (error) => {
        hasCode('config-invalid')(error)
        assert.match(String(error), /known_hosts:2/)
        return true
      },
    )
  })
})

describe('knownHostsName()', () => {
  test('refuses what is no host name, so that nothing can slip into the file', () => {
    for (const host of ['', 'a b', 'a,b', '*', '!a', 'a\nb', '|1|a', '@revoked', '#']) {
      assert.throws(() => knownHostsName({ host, port: 22 }), hasCode('config-invalid'), host)
    }
  })
})
