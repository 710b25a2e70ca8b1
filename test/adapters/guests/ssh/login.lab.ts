// runs beside other labs
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type SshSettings, SshShells } from '../../../../adapters/guests/ssh/ssh-shells.ts'
import { NodeClock } from '../../../../adapters/system/node-clock.ts'
import { hasCode } from '../../../conformance/guest-shell-subject.ts'
import { type KeyOptions, type LocalSshd, startSshd } from './local-sshd.ts'

const PASSPHRASE = 'a passphrase that nobody prints'

let sshd: LocalSshd
let knownHostsPath: string
before(async () => {
  sshd = await startSshd()
  knownHostsPath = sshd.write('known_hosts', `${sshd.name} ${sshd.publicKey('host_ed25519')}\n`)
})
after(() => sshd.stop())

function shellsWith(login: Pick<SshSettings, 'keyPath' | 'passphrase' | 'agentSocket'>): SshShells {
  return new SshShells({
    clock: new NodeClock(),
    knownHostsPath,
    connectTimeoutMs: 10_000,
    keepAliveMs: 10_000,
    ...login,
  })
}

async function logsIn(shells: SshShells): Promise<void> {
  const shell = await shells.open(sshd.target)
  assert.equal((await shell.run(['printf', 'on'])).stdout, 'on')
  await shell.close()
}

async function refuses(shells: SshShells, code: Parameters<typeof hasCode>[0], message: RegExp): Promise<void> {
  await assert.rejects(shells.open(sshd.target), (error) => {
    assert.match(String(error), message)
    assert.doesNotMatch(JSON.stringify(error) + String(error), new RegExp(PASSPHRASE))
    return hasCode(code)(error)
  })
}

function authorizedKey(name: string, options: KeyOptions): string {
  const path = sshd.makeKey(name, options)
  sshd.authorize(path)
  return path
}

describe('login with a key file', () => {
  const KINDS: readonly [string, KeyOptions][] = [
    ['ecdsa', { type: 'ecdsa' }],
    ['rsa', { type: 'rsa' }],
    ['rsa-pem', { type: 'rsa', format: 'PEM' }],
  ]
  for (const [name, options] of KINDS) {
    test(`a key of the kind ${name} logs in`, async () => {
      await logsIn(shellsWith({ keyPath: authorizedKey(name, options) }))
    })
  }

  test('a passphrase is asked for once, and not at all for a key without one', async () => {
    let asked = 0
    const passphrase = async () => {
      asked += 1
      return PASSPHRASE
    }
    await logsIn(shellsWith({ keyPath: sshd.clientKey, passphrase }))
    assert.equal(asked, 0)
    const shells = shellsWith({ keyPath: authorizedKey('locked', { passphrase: PASSPHRASE }), passphrase })
    await logsIn(shells)
    await logsIn(shells)
    assert.equal(asked, 1)
  })

  test('a wrong or a missing passphrase is a clear error that does not hold it', async () => {
    const keyPath = authorizedKey('locked-too', { passphrase: 'another one' })
    await refuses(shellsWith({ keyPath, passphrase: async () => PASSPHRASE }), 'secret-unreadable', /locked-too/)
    await refuses(shellsWith({ keyPath }), 'secret-unreadable', /no passphrase/)
  })

  test('a key that others can read is refused before anything is sent', async () => {
    const keyPath = authorizedKey('open', {})
    for (const mode of [0o640, 0o604, 0o620]) {
      chmodSync(keyPath, mode)
      await refuses(shellsWith({ keyPath }), 'config-unsafe', new RegExp(keyPath))
    }
    chmodSync(keyPath, 0o400)
    await logsIn(shellsWith({ keyPath }))
  })

  test('a missing, damaged or public key is a clear error', async () => {
    await refuses(shellsWith({ keyPath: join(sshd.folder, 'nowhere') }), 'secret-unreadable', /nowhere.*ENOENT/)
    await refuses(shellsWith({ keyPath: sshd.write('damaged', 'not a key') }), 'secret-unreadable', /damaged/)
    const half = '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n'
    await refuses(shellsWith({ keyPath: sshd.write('half', half) }), 'secret-unreadable', /half/)
    const keyPath = sshd.write('public', `${sshd.publicKey('client')}\n`)
    await refuses(shellsWith({ keyPath }), 'secret-unreadable', /public key/)
  })

  test('a key that was exchanged on disk counts at once', async () => {
    const keyPath = sshd.makeKey('changing')
    const shells = shellsWith({ keyPath })
    await refuses(shells, 'guest-login-refused', /refuses the login/)
    writeFileSync(keyPath, execFileSync('cat', [sshd.clientKey]))
    await logsIn(shells)
  })

  test('a configuration without key and agent is refused', async () => {
    await refuses(shellsWith({}), 'config-invalid', /neither/)
  })
})

describe('login with a key agent', () => {
  let agentSocket: string
  let agentPid: number
  before(() => {
    agentSocket = join(sshd.folder, 'agent')
    const words = execFileSync('ssh-agent', ['-s', '-a', agentSocket], { encoding: 'utf8' })
    agentPid = Number(/SSH_AGENT_PID=(\d+)/.exec(words)?.[1])
  })
  after(() => process.kill(agentPid))

  function addKey(path: string): void {
    execFileSync('ssh-add', ['-q', path], { env: { ...process.env, SSH_AUTH_SOCK: agentSocket }, stdio: 'ignore' })
  }

  test('an agent without the right key is refused', async () => {
    addKey(sshd.makeKey('useless'))
    await refuses(shellsWith({ agentSocket }), 'guest-login-refused', /refuses the login/)
  })

  test('the agent’s keys are tried, also after a key file that is not authorized', async () => {
    addKey(authorizedKey('agent-rsa', { type: 'rsa' }))
    await logsIn(shellsWith({ agentSocket }))
    await logsIn(shellsWith({ keyPath: sshd.makeKey('unauthorized'), agentSocket }))
  })

  test('an agent that does not answer is named when nothing else logs in', async () => {
    const nowhere = join(sshd.folder, 'no-agent')
    await refuses(shellsWith({ agentSocket: nowhere }), 'guest-login-refused', /key agent: failed to connect/)
    await logsIn(shellsWith({ keyPath: sshd.clientKey, agentSocket: nowhere }))
  })
})
