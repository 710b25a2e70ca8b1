// runs beside other labs
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { SshShells } from '../../../../adapters/guests/ssh/ssh-shells.ts'
import { NodeClock } from '../../../../adapters/system/node-clock.ts'
import type { GuestShell } from '../../../../src/guest/guest-shell.ts'
import { hasCode, until } from '../../../conformance/guest-shell-subject.ts'
import { type LocalSshd, startSshd } from './local-sshd.ts'
import { type Relay, startRelay } from './relay.ts'

let sshd: LocalSshd
let relay: Relay
before(async () => {
  sshd = await startSshd()
})
after(() => sshd.stop())
beforeEach(async () => {
  relay = await startRelay(sshd.target)
})
afterEach(() => relay.close())

function open(settings: { keepAliveMs?: number; connectTimeoutMs?: number; port?: number; signal?: AbortSignal } = {}) {
  const { port = relay.port, signal, ...times } = settings
  const knownHostsPath = sshd.write('known_hosts', `[127.0.0.1]:${port} ${sshd.publicKey('host_ed25519')}\n`)
  const common = { clock: new NodeClock(), keyPath: sshd.clientKey, knownHostsPath }
  const shells = new SshShells({ ...common, connectTimeoutMs: 10_000, keepAliveMs: 10_000, ...times })
  return shells.open({ ...sshd.target, port }, signal === undefined ? {} : { signal })
}

/** The first command is over, so that the server has said all that it says after a login. */
async function openQuiet(settings: { keepAliveMs?: number } = {}): Promise<GuestShell> {
  const shell = await open(settings)
  await shell.run(['true'])
  return shell
}

describe('a connection over a network', () => {
  test('onSent comes when the request goes out, not when the guest confirms it', async () => {
    const shell = await openQuiet()
    const sent = Promise.withResolvers<void>()
    relay.holdAfter(1)
    let answered = false
    const result = shell.run(['printf', 'on'], { onSent: sent.resolve }).finally(() => {
      answered = true
    })
    await sent.promise
    assert.equal(answered, false)
    relay.release()
    assert.equal((await result).stdout, 'on')
    await shell.close()
  })

  test('a caller that gives up before the request went out ends the connection, and the command never runs', async () => {
    const shell = await openQuiet()
    const controller = new AbortController()
    const reason = new Error('enough')
    const mark = join(sshd.folder, 'mark')
    relay.holdAfter(0)
    const result = shell.run(['touch', mark], { signal: controller.signal })
    controller.abort(reason)
    await assert.rejects(result, reason)
    relay.release()
    await until(async () => !shell.open && sshd.sessions().length === 0)
    assert.equal(existsSync(mark), false)
  })

  test('a guest that has fallen silent is found out by the keep-alive', async () => {
    const shell = await openQuiet({ keepAliveMs: 50 })
    relay.holdAfter(0)
    await assert.rejects(shell.run(['true']), hasCode('guest-unreachable'))
    assert.equal(shell.open, false)
  })

  test('an idle connection is kept alive', async () => {
    const shell = await openQuiet({ keepAliveMs: 20 })
    const before = relay.sent().length
    await until(async () => relay.sent().length > before + 400)
    assert.equal((await shell.run(['printf', 'on'])).stdout, 'on')
    await shell.close()
  })

  test('close() ends also when the guest has fallen silent', async () => {
    const shell = await openQuiet()
    relay.holdAfter(0)
    await shell.close()
    assert.equal(shell.open, false)
  })

  test('a login that takes too long is given up', async () => {
    relay.holdAfter(1)
    await assert.rejects(open({ connectTimeoutMs: 100 }), (error) => {
      assert.match(String(error), /no session after 100 ms/)
      return hasCode('guest-unreachable')(error)
    })
    await until(async () => sshd.sessions().length === 0)
  })

  test('a caller that gives up while connecting is told its own reason', async () => {
    relay.holdAfter(0)
    const controller = new AbortController()
    const reason = new Error('enough')
    const opening = open({ signal: controller.signal })
    controller.abort(reason)
    await assert.rejects(opening, reason)
  })

  for (const [name, words] of [
    ['speaks another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['hangs up', ''],
  ] as const) {
    test(`a server that ${name} is unreachable`, async () => {
      const server = createServer((socket) =>
        socket
          .on('error', () => {})
          .resume()
          .end(words),
      )
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as { port: number }
      await assert.rejects(open({ port }), hasCode('guest-unreachable'))
      await new Promise((resolve) => server.close(resolve))
    })
  }

  test('a name that nothing resolves is unreachable', async () => {
    const settings = { clock: new NodeClock(), keyPath: sshd.clientKey, knownHostsPath: join(sshd.folder, 'none') }
    const shells = new SshShells({ ...settings, connectTimeoutMs: 10_000, keepAliveMs: 10_000 })
    await assert.rejects(shells.open({ ...sshd.target, host: 'no-such-host.invalid' }), hasCode('guest-unreachable'))
  })
})
