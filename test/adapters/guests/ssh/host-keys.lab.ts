// runs beside other labs
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { SshKnownHosts } from '../../../../adapters/guests/ssh/ssh-known-hosts.ts'
import { SshShells } from '../../../../adapters/guests/ssh/ssh-shells.ts'
import { NodeClock } from '../../../../adapters/system/node-clock.ts'
import type { StillshotError } from '../../../../src/errors.ts'
import { hasCode, until } from '../../../conformance/guest-shell-subject.ts'
import { type HostKeyType, type LocalSshd, startSshd } from './local-sshd.ts'
import { startRelay } from './relay.ts'

const TYPES: readonly HostKeyType[] = ['ed25519', 'ecdsa', 'rsa']
const clock = new NodeClock()

let sshd: LocalSshd
before(async () => {
  sshd = await startSshd(TYPES)
})
after(() => sshd.stop())

function open(knownHosts: string, target = sshd.target) {
  const knownHostsPath = sshd.write('known_hosts', knownHosts)
  const times = { connectTimeoutMs: 10_000, keepAliveMs: 10_000 }
  return new SshShells({ clock, keyPath: sshd.clientKey, knownHostsPath, ...times }).open(target)
}

function fingerprint(name: string): string {
  return execFileSync('ssh-keygen', ['-lf', `${sshd.folder}/${name}.pub`], { encoding: 'utf8' }).split(' ')[1] ?? ''
}

describe('host keys of a real sshd', () => {
  for (const type of TYPES) {
    test(`a server with several keys is known by its ${type} key alone`, async () => {
      const shell = await open(`${sshd.name} ${sshd.publicKey(`host_${type}`)}\n`)
      assert.equal(shell.hostKeyFingerprint, fingerprint(`host_${type}`))
      await shell.close()
    })
  }

  test('a file that ssh-keygen has hashed is understood', async () => {
    const path = sshd.write('hashed', `${sshd.name} ${sshd.publicKey('host_ecdsa')}\n`)
    execFileSync('ssh-keygen', ['-H', '-f', path], { stdio: 'ignore' })
    const hashed = readFileSync(path, 'utf8')
    assert.match(hashed, /^\|1\|/)
    const shell = await open(hashed)
    assert.equal(shell.hostKeyFingerprint, fingerprint('host_ecdsa'))
    await shell.close()
  })

  test('a revoked key is refused though it is trusted too', async () => {
    const key = sshd.publicKey('host_ed25519')
    await assert.rejects(open(`${sshd.name} ${key}\n@revoked * ${key}\n`), hasCode('host-key-changed'))
  })

  test('a changed key: both fingerprints are named', async () => {
    sshd.makeKey('impostor')
    await assert.rejects(open(`${sshd.name} ${sshd.publicKey('impostor')}\n`), (error) => {
      hasCode('host-key-changed')(error)
      assert.deepEqual((error as StillshotError).details.expected, [fingerprint('impostor')])
      assert.equal((error as StillshotError).details.seen, fingerprint('host_ed25519'))
      return true
    })
  })

  test('an unknown server learns neither user nor key, and is told that the key was refused', async () => {
    const relay = await startRelay(sshd.target)
    const target = { ...sshd.target, port: relay.port, user: 'confidential-user' }
    await assert.rejects(open('', target), hasCode('host-key-unknown'))
    await until(async () => sshd.sessions().length === 0)
    // Until the keys are exchanged everything is in the clear: had the name been sent, it would be seen here or in the log.
    assert.equal(relay.sent().includes('ssh-userauth'), false)
    assert.doesNotMatch(sshd.log(), /confidential-user/)
    await assert.rejects(
      open(`[127.0.0.1]:${relay.port} ${sshd.publicKey('host_rsa')}\n`, target),
      hasCode('guest-login-refused'),
    )
    assert.match(sshd.log(), /confidential-user/)
    await relay.close()
  })
})

describe('trust in a real sshd', () => {
  test('the key that was scanned without a login is trusted, and opens', async () => {
    const knownHostsPath = sshd.write('trusted', '')
    rmSync(knownHostsPath)
    const knownHosts = new SshKnownHosts({ clock, knownHostsPath, connectTimeoutMs: 10_000 })
    const logins = sshd.log().split('userauth-request').length
    const key = await knownHosts.scan(sshd.target)
    assert.equal(key.fingerprint, fingerprint('host_ed25519'))
    await until(async () => sshd.sessions().length === 0)
    assert.equal(sshd.log().split('userauth-request').length, logins)
    await knownHosts.trust(sshd.target, key, { replace: false })
    const shell = await open(readFileSync(knownHostsPath, 'utf8'))
    await shell.close()
  })

  test('a scan asks for the type that is known', async () => {
    const knownHostsPath = sshd.write('trusted', `${sshd.name} ${sshd.publicKey('host_rsa')}\n`)
    const knownHosts = new SshKnownHosts({ clock, knownHostsPath, connectTimeoutMs: 10_000 })
    assert.equal((await knownHosts.scan(sshd.target)).fingerprint, fingerprint('host_rsa'))
  })

  test('a scan of a port where nobody listens is unreachable', async () => {
    const knownHosts = new SshKnownHosts({ clock, knownHostsPath: `${sshd.folder}/none`, connectTimeoutMs: 10_000 })
    await assert.rejects(knownHosts.scan({ host: '127.0.0.1', port: 1 }), hasCode('guest-unreachable'))
  })
})
