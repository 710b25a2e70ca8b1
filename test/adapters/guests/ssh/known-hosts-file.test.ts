import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { hostKeyFromText } from '../../../../adapters/guests/ssh/host-key.ts'
import { readKnownHosts } from '../../../../adapters/guests/ssh/known-hosts-file.ts'
import { SshKnownHosts } from '../../../../adapters/guests/ssh/ssh-known-hosts.ts'
import { NodeClock } from '../../../../adapters/system/node-clock.ts'
import type { HostKey } from '../../../../src/guest/known-hosts.ts'
import { hasCode } from '../../../conformance/guest-shell-subject.ts'

const OLD = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBGF4lMMPSLiwr5ZHm71WjWbBVsr8SxcCVWNmpcTqiZV'
const NEW = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKkMuvEdB3L1dlAMCxRlkSb6pqLZFbmXCZBt/2E6Y0Yz'
// Of `db1`, by `ssh-keygen -H`.
const HASHED = '|1|pIGNyzHh2Aj023feVMxt9JOMsss=|3GkgefD1c9b8zjG+MtMYDo2Su0A='
const key = hostKeyFromText('ssh-ed25519', NEW.split(' ')[1] ?? '') as HostKey
const db1 = { host: 'db1', port: 22 }

let folder: string
let path: string
let knownHosts: SshKnownHosts

/** A folder of its own for each test of the `describe` that calls it. */
function useFreshFolder(): void {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'known-hosts-'))
    path = join(folder, 'known_hosts')
    knownHosts = new SshKnownHosts({ clock: new NodeClock(), knownHostsPath: path, connectTimeoutMs: 1_000 })
  })
  afterEach(() => rmSync(folder, { recursive: true }))
}

function write(text: string): void {
  writeFileSync(path, text, { encoding: 'latin1', mode: 0o600 })
}

function read(): string {
  return readFileSync(path, 'latin1')
}

describe('trust()', () => {
  useFreshFolder()
  test('creates the file for its owner only, and is repeatable', async () => {
    assert.deepEqual(await knownHosts.trusted(db1), [])
    for (const _ of [1, 2]) await knownHosts.trust(db1, key, { replace: false })
    assert.equal(read(), `db1 ${NEW}\n`)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.deepEqual(await knownHosts.trusted(db1), [key])
  })

  test('adds a line of its own to a file whose last line has no end', async () => {
    write(`db2 ${OLD}`)
    await knownHosts.trust({ host: 'DB1', port: 2222 }, key, { replace: false })
    assert.equal(read(), `db2 ${OLD}\n[db1]:2222 ${NEW}\n`)
  })

  test('replaces the keys of one host and keeps every other byte', async () => {
    const others = `# caf\xe9 \r\n\n  db2,db11\t${OLD} comment \n@revoked * ${OLD}\n@cert-authority db1 ${OLD}\nnonsense\n`
    write(`db1 ${OLD}\n${others}${HASHED} ${OLD}\ndb2,db1,10.0.0.5 ${OLD} of db1,db2`)
    await knownHosts.trust(db1, key, { replace: true })
    assert.equal(read(), `${others}db2,10.0.0.5 ${OLD} of db1,db2\ndb1 ${NEW}\n`)
    assert.deepEqual(await knownHosts.trusted(db1), [key])
    assert.deepEqual(readdirSync(folder), ['known_hosts'])
  })

  test('replacing keeps the mode, and the link if the file is one', async () => {
    const real = join(folder, 'real')
    writeFileSync(real, `db1 ${OLD}\n`)
    chmodSync(real, 0o644)
    symlinkSync(real, path)
    await knownHosts.trust(db1, key, { replace: true })
    assert.equal(readFileSync(real, 'utf8'), `db1 ${NEW}\n`)
    assert.equal(statSync(real).mode & 0o777, 0o644)
  })

  test('does not narrow a line for a pattern of hosts, and changes nothing then', async () => {
    const text = `db1 ${OLD}\ndb* ${OLD}\n`
    write(text)
    await assert.rejects(knownHosts.trust(db1, key, { replace: true }), hasCode('config-invalid'))
    assert.equal(read(), text)
  })

  test('refuses a key that is marked as revoked', async () => {
    write(`@revoked * ${NEW}\n`)
    await assert.rejects(knownHosts.trust(db1, key, { replace: true }), hasCode('config-invalid'))
    assert.equal(read(), `@revoked * ${NEW}\n`)
  })
})

describe('readKnownHosts()', () => {
  useFreshFolder()
  test('refuses a file that others can write', async () => {
    write(`db1 ${OLD}\n`)
    for (const mode of [0o620, 0o602]) {
      chmodSync(path, mode)
      await assert.rejects(readKnownHosts(path), hasCode('config-unsafe'))
    }
  })

  test('refuses a folder as a clear error', async () => {
    await assert.rejects(readKnownHosts(folder), hasCode('config-invalid'))
  })
})
