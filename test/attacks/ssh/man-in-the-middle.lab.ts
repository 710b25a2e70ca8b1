// runs beside other labs
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import type { Algorithms } from 'ssh2'
import { SshKnownHosts } from '../../../adapters/guests/ssh/ssh-known-hosts.ts'
import { SshShells } from '../../../adapters/guests/ssh/ssh-shells.ts'
import { NodeClock } from '../../../adapters/system/node-clock.ts'
import { GuestHelper } from '../../../src/guest/guest-helper.ts'
import { type LocalSshd, startSshd } from '../../adapters/guests/ssh/local-sshd.ts'
import { startRelay } from '../../adapters/guests/ssh/relay.ts'
import { hasCode, until } from '../../conformance/guest-shell-subject.ts'
import { type Impostor, type ImpostorSettings, ownKey, startImpostor } from './impostor.ts'

const clock = new NodeClock()
const SECRET = 'canary-database-password'

let sshd: LocalSshd
before(async () => {
  sshd = await startSshd(['rsa', 'ed25519'])
})
after(() => sshd.stop())

function shells(knownHosts: string, times: { connectTimeoutMs?: number } = {}): SshShells {
  const knownHostsPath = sshd.write('known_hosts', knownHosts)
  return new SshShells({
    clock,
    keyPath: sshd.clientKey,
    knownHostsPath,
    connectTimeoutMs: 10_000,
    keepAliveMs: 10_000,
    ...times,
  })
}

async function impostor(t: TestContext, settings: ImpostorSettings = {}): Promise<Impostor> {
  const started = await startImpostor(settings)
  t.after(() => started.close())
  return started
}

/** Asks for a hold, with a password, of whoever is at that port. */
function hold(port: number, knownHosts: string): Promise<unknown> {
  const helper = new GuestHelper({
    shells: shells(knownHosts),
    target: { ...sshd.target, port },
    clock,
    databasePassword: async () => SECRET,
  })
  return helper.hold('mysql', '01JDABCDEFGHJKMNPQRSTVWXYZ', { ttlMs: 60_000, startMs: 10_000 }, {})
}

describe('a man in the middle', () => {
  test('with a key of his own gets neither a login nor a stop nor a secret', async (t) => {
    const middle = await impostor(t)
    const name = `[127.0.0.1]:${middle.port}`
    await assert.rejects(hold(middle.port, `${name} ${sshd.publicKey('host_rsa')}\n`), hasCode('host-key-changed'))
    await assert.rejects(hold(middle.port, ''), hasCode('host-key-unknown'))
    assert.deepEqual([middle.tried, middle.commands], [[], []])
  })

  test('who shows the guest’s key and cannot sign with it gets nothing either', async (t) => {
    const middle = await impostor(t, { shows: sshd.publicKey('host_rsa') })
    const line = `[127.0.0.1]:${middle.port} ${sshd.publicKey('host_rsa')}\n`
    await assert.rejects(hold(middle.port, line), hasCode('guest-unreachable'))
    assert.deepEqual([middle.tried, middle.commands], [[], []])
    const knownHostsPath = sshd.write('scanned', '')
    const scan = new SshKnownHosts({ clock, knownHostsPath, connectTimeoutMs: 10_000 }).scan({
      host: '127.0.0.1',
      port: middle.port,
    })
    await assert.rejects(scan, hasCode('guest-unreachable'))
  })

  test('is let in where his key is the one that is known, so that the tests above can see', async (t) => {
    const hostKey = ownKey()
    const middle = await impostor(t, { hostKey })
    const path = sshd.write('middle', hostKey)
    const known = execFileSync('ssh-keygen', ['-y', '-f', path], { encoding: 'utf8' })
    await assert.rejects(hold(middle.port, `[127.0.0.1]:${middle.port} ${known}`), hasCode('guest-unreachable'))
    assert.ok(middle.tried.includes('publickey'))
    assert.match(middle.commands[0] ?? '', /stillshot-guest hold/)
    assert.doesNotMatch(middle.commands.join(), new RegExp(SECRET))
  })
})

const WEAK: Readonly<Record<string, Algorithms>> = {
  'host keys signed with SHA-1': { serverHostKey: ['ssh-rsa'] },
  'Diffie-Hellman in the group of 1024 bits': { kex: ['diffie-hellman-group1-sha1'] },
  'Diffie-Hellman with SHA-1': { kex: ['diffie-hellman-group14-sha1', 'diffie-hellman-group-exchange-sha1'] },
  'groups of the server’s choice': { kex: ['diffie-hellman-group-exchange-sha256'] },
  '3des-cbc': { cipher: ['3des-cbc'] },
  'CBC ciphers': { cipher: ['aes128-cbc', 'aes256-cbc'] },
  'hmac-md5': { cipher: ['aes128-ctr'], hmac: ['hmac-md5', 'hmac-sha1-96' as never] },
  'hmac-sha1': { cipher: ['aes128-ctr'], hmac: ['hmac-sha1'] },
}

describe('a server that has only', () => {
  for (const [what, algorithms] of Object.entries(WEAK)) {
    test(`${what} is refused before a login`, async (t) => {
      const hostKey = ownKey()
      const server = await impostor(t, { hostKey, algorithms })
      const known = execFileSync('ssh-keygen', ['-y', '-f', sshd.write('weak', hostKey)], { encoding: 'utf8' })
      await assert.rejects(hold(server.port, `[127.0.0.1]:${server.port} ${known}`), hasCode('guest-unreachable'))
      assert.deepEqual([server.tried, server.commands], [[], []])
    })
  }
})

describe('a server that never comes to the end', () => {
  async function listen(t: TestContext, speak: (socket: Socket) => void): Promise<number> {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => {}).resume())
      speak(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    })
    return (server.address() as { port: number }).port
  }

  for (const [what, line] of [
    ['lines before its version', 'Welcome\r\n'],
    ['one line before its version', 'x'],
    ['packets that are none', 'SSH-2.0-x\r\n'],
  ] as const) {
    test(`with a flood of ${what} is given up, and fills no memory`, async (t) => {
      const chunk = Buffer.from(line.repeat(65_536 / line.length))
      let sent = 0
      const port = await listen(t, (socket) => {
        const pour = () => {
          while (socket.writable && socket.write(chunk)) sent += chunk.length
        }
        socket.on('drain', pour)
        pour()
      })
      await assert.rejects(
        shells('', { connectTimeoutMs: 1_500 }).open({ ...sshd.target, port }),
        hasCode('guest-unreachable'),
      )
      assert.ok(process.memoryUsage().rss < 600e6, `${sent} bytes were sent, ${process.memoryUsage().rss} are in use`)
    })
  }

  test('is given up wherever it falls silent', async (t) => {
    for (let chunks = 0; chunks < 6; chunks += 1) {
      const relay = await startRelay(sshd.target)
      t.after(() => relay.close())
      relay.holdAfter(chunks)
      const known = `[127.0.0.1]:${relay.port} ${sshd.publicKey('host_ed25519')}\n`
      const opening = shells(known, { connectTimeoutMs: 400 }).open({ ...sshd.target, port: relay.port })
      // A server that had said enough is logged in to; its silence is then found out by the command's own limit.
      const asked = opening.then((shell) => shell.run(['true'], { timeoutMs: 400 }))
      await assert.rejects(asked, `silent after ${chunks} chunks`)
    }
    await until(async () => sshd.sessions().length === 0)
  })
})

describe('what is offered to a server', () => {
  test('is public keys alone, and no agent goes along', async () => {
    const agent = join(sshd.folder, 'agent')
    const started = execFileSync('ssh-agent', ['-s', '-a', agent], { encoding: 'utf8' })
    const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(started)?.[1])
    try {
      execFileSync('ssh-add', ['-q', sshd.clientKey], {
        env: { ...process.env, SSH_AUTH_SOCK: agent },
        stdio: 'ignore',
      })
      const knownHostsPath = sshd.write('known_hosts', `${sshd.name} ${sshd.publicKey('host_ed25519')}\n`)
      const settings = { clock, knownHostsPath, agentSocket: agent, connectTimeoutMs: 10_000, keepAliveMs: 10_000 }
      const shell = await new SshShells(settings).open(sshd.target)
      assert.doesNotMatch((await shell.run(['env'])).stdout, /SSH_AUTH_SOCK|SSH_TTY/)
      await shell.close()
      const methods = sshd.log().match(/method (\S+)/g) ?? []
      assert.deepEqual([...new Set(methods)].sort(), ['method publickey'])
      assert.doesNotMatch(sshd.log(), /auth-agent|pty-req/)
    } finally {
      process.kill(pid)
    }
  })
})
