// runs beside other labs
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createServer as createTls } from 'node:tls'
import { Connection } from '../../../../adapters/https/connection.ts'
import { readFingerprint } from '../../../../adapters/https/fingerprint.ts'
import { openSecureSocket } from '../../../../adapters/https/secure-socket.ts'
import { NodeClock } from '../../../../adapters/system/node-clock.ts'
import { StillshotError } from '../../../../src/errors.ts'
import { DeadlineExceeded } from '../../../../src/system/clock.ts'
import { rejectsWith } from '../../../conformance/hypervisor/under-test.ts'
import { type Certificate, makeCertificate } from '../../../labs/proxmox/http/certificate.ts'
import { openProxmox, withProxmox } from './open-proxmox.ts'

describe('the connection to Proxmox VE', () => {
  test('a certificate of another authority is refused', () =>
    withProxmox({}, async ({ another }) => {
      const stranger = await makeCertificate(['pve1'])
      await withFile(stranger.ca, (authorityPath) =>
        rejectsWith('hypervisor-refused', another({ authorityPath }).check()),
      )
    }))

  test('the pinned certificate is accepted in both notations, without its authority', () =>
    withProxmox({}, async ({ standIn, another }) => {
      const { fingerprint } = standIn.certificate
      const base64 = Buffer.from(fingerprint.replaceAll(':', ''), 'hex').toString('base64')
      for (const pin of [fingerprint, `SHA256:${fingerprint}`, `SHA256:${base64}`]) {
        const pinning = another({ addresses: [{ url: standIn.url, fingerprint: pin }] })
        assert.equal((await pinning.check()).product, 'Proxmox VE')
      }
    }))

  test('another certificate than the pinned one gets no byte of a request', async () => {
    const { certificate, key, fingerprint } = await makeCertificate(['pve1'])
    let received = 0
    const server = createTls({ cert: certificate, key }, (socket) => {
      socket.on('data', (bytes) => {
        received += bytes.length
      })
      socket.on('error', () => {})
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as { port: number }
    const opened = await openProxmox()
    try {
      const url = `https://127.0.0.1:${port}`
      const wrong = fingerprint.replace(/^../, (pair) => (pair === '00' ? '01' : '00'))
      const pinning = opened.another({ addresses: [{ url, fingerprint: wrong }] })
      await assert.rejects(pinning.check(), (error) => {
        assert.ok(error instanceof StillshotError)
        assert.equal(error.code, 'hypervisor-refused')
        assert.ok(error.message.includes(`shows another certificate: SHA256:${fingerprint}`), error.message)
        return true
      })
      assert.equal(received, 0)
    } finally {
      await opened.close()
      server.close()
    }
  })

  test('switches of the environment loosen and divert nothing', () =>
    withProxmox({}, async ({ standIn, another }) => {
      const stranger = await makeCertificate(['pve1'])
      const names = ['NODE_TLS_REJECT_UNAUTHORIZED', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY'] as const
      const before = names.map((name) => process.env[name])
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
      for (const name of names.slice(1)) process.env[name] = 'http://127.0.0.1:1'
      try {
        await withFile(stranger.ca, (authorityPath) =>
          rejectsWith('hypervisor-refused', another({ authorityPath }).check()),
        )
        const { fingerprint } = standIn.certificate
        await another({ addresses: [{ url: standIn.url, fingerprint }] }).check()
      } finally {
        for (const [index, name] of names.entries()) {
          if (before[index] === undefined) delete process.env[name]
          else process.env[name] = before[index]
        }
      }
    }))

  test('a node that is gone is passed over, for questions and for changes', () =>
    withProxmox({ nodes: ['pve1', 'pve2'] }, async ({ standIn, hypervisor, vm }) => {
      standIn.migrate(100, 'pve2')
      await standIn.nodeDown('pve1')
      assert.equal((await hypervisor.findVm('100')).name, 'db1')
      assert.equal((await hypervisor.createSnapshot(vm, { name: 's1', description: '' })).name, 's1')
    }))

  test('no node at all is unreachable, with each of them named', () =>
    withProxmox({ nodes: ['pve1', 'pve2'] }, async ({ standIn, hypervisor }) => {
      const hosts = standIn.servers.map(({ url }) => new URL(url).host)
      for (const { node } of standIn.servers) await standIn.nodeDown(node)
      await assert.rejects(hypervisor.check(), (error) => {
        assert.ok(error instanceof StillshotError)
        assert.equal(error.code, 'hypervisor-unreachable')
        for (const host of hosts) assert.ok(error.message.includes(host), error.message)
        return true
      })
    }))

  test('a connection that the server has closed meanwhile is no failure', () =>
    withProxmox({ times: { idleMs: 50 } }, async ({ hypervisor, vm }) => {
      for (const name of ['s1', 's2', 's3']) {
        await hypervisor.createSnapshot(vm, { name, description: '' })
        await new Promise((resolve) => setTimeout(resolve, 80))
      }
      assert.equal((await hypervisor.listSnapshots(vm)).length, 3)
    }))

  test('more requests than one connection takes', () =>
    withProxmox({}, async ({ hypervisor, vm }) => {
      for (let count = 0; count < 250; count += 1) assert.equal(await hypervisor.power(vm), 'running')
    }))

  test('many questions at once share a few connections, and one that is given up leaves its turn to others', () =>
    withProxmox({}, async ({ standIn, hypervisor, vm }) => {
      standIn.fault({ kind: 'delay', call: 'status/current', when: 'before', ms: 300, times: 6 })
      const signal = AbortSignal.timeout(100)
      const givenUp = Array.from({ length: 10 }, () => hypervisor.power(vm, { signal }))
      const patient = Array.from({ length: 10 }, () => hypervisor.power(vm))
      const ends = await Promise.allSettled([...givenUp, ...patient])
      assert.deepEqual(
        ends.map(({ status }) => status),
        [...givenUp.map(() => 'rejected'), ...patient.map(() => 'fulfilled')],
      )
      assert.ok(standIn.server().accepted <= 13, String(standIn.server().accepted))
    }))

  test('a connection is held open between the look and the snapshot', () =>
    withProxmox({}, async ({ standIn, hypervisor, vm }) => {
      await hypervisor.checkSnapshot(vm)
      const before = standIn.server().requests.length
      await new Promise((resolve) => setTimeout(resolve, 5_500))
      assert.deepEqual(
        standIn
          .server()
          .requests.slice(before)
          .map(({ path }) => path),
        ['/version'],
      )
      const { accepted } = standIn.server()
      standIn.fault({ kind: 'slow', task: 'qmsnapshot', point: 'disks', ms: 1_000 })
      const taken = hypervisor.createSnapshot(vm, { name: 's1', description: '' })
      await new Promise((resolve) => setTimeout(resolve, 500))
      assert.equal(standIn.server().accepted, accepted)
      await taken
    }))

  test('a change that is given up waits a moment for its answer, and resets its connection', async () => {
    const certificate = await makeCertificate(['pve1'])
    const deaf = await openDeafServer(certificate)
    const clock = new NodeClock()
    using limit = clock.deadline(100)
    try {
      const pinned = readFingerprint(certificate.fingerprint, '')
      const socket = await openSecureSocket(new URL(deaf.url), { pinned, hint: '' }, new AbortController().signal)
      const connection = new Connection(deaf.url, socket, clock, { longestIdleMs: 4_000, mostRequests: 90 })
      const request = { method: 'POST', path: '/', headers: {}, body: 'a=1', change: true }
      const begunAt = clock.monotonic()
      await assert.rejects(connection.exchange(request, limit.signal), DeadlineExceeded)
      assert.ok(clock.monotonic() - begunAt >= 500)
      assert.equal(await deaf.ended, 'ECONNRESET')
    } finally {
      deaf.close()
    }
  })

  test('a change that is given up before its answer comes was made none the less', () =>
    withProxmox({}, async ({ standIn, hypervisor, vm }) => {
      standIn.fault({ kind: 'delay', call: 'POST .*/snapshot$', when: 'after', ms: 5_000 })
      const options = { timeoutMs: 200 }
      await rejectsWith('answer-lost', hypervisor.createSnapshot(vm, { name: 's1', description: '' }, options))
      assert.equal((await hypervisor.listSnapshots(vm)).length, 1)
    }))
})

describe('the credentials of Proxmox VE', () => {
  const password = { kind: 'password', username: 'stillshot@pve', password: async () => 'secret' } as const

  test('a token that is wrong is told as what it is, and not repeated', () =>
    withProxmox({}, async ({ another }) => {
      const secret = '11111111-2222-4333-8444-555555555555'
      const wrong = another({ login: { kind: 'token', token: async () => `stillshot@pve!test=${secret}` } })
      await assert.rejects(wrong.check(), (error) => {
        assert.ok(error instanceof StillshotError)
        assert.equal(error.code, 'hypervisor-refused')
        assert.match(error.message, /Authentication failed!.*did not accept the token stillshot@pve!test/)
        assert.equal(JSON.stringify([error.message, error.hint, error.details]).includes(secret), false)
        return true
      })
    }))

  test('something that is no token is not sent', () =>
    withProxmox({}, async ({ another }) => {
      const none = another({ login: { kind: 'token', token: async () => 'hunter2' } })
      await rejectsWith('secret-unreadable', none.check())
    }))

  test('a user with a password snapshots, and a ticket that ran out is renewed', () => {
    let now = Date.now()
    return withProxmox({ now: () => now }, async ({ another, vm }) => {
      const user = another({ login: password })
      await user.createSnapshot(vm, { name: 's1', description: '' })
      now += 3 * 3_600_000
      await user.createSnapshot(vm, { name: 's2', description: '' })
      assert.equal((await user.listSnapshots(vm)).length, 2)
    })
  })

  test('a wrong password is refused', () =>
    withProxmox({}, async ({ another }) => {
      const wrong = another({ login: { ...password, password: async () => 'wrong' } })
      await rejectsWith('hypervisor-refused', wrong.check())
    }))

  test('VM.Audit and VM.Snapshot are enough for a snapshot', () =>
    withProxmox({ privileges: ['VM.Audit', 'VM.Snapshot'] }, async ({ hypervisor, vm }) => {
      await hypervisor.check()
      const findings = await hypervisor.checkSnapshot(vm)
      assert.deepEqual(
        findings.filter(({ severity }) => severity === 'refuse'),
        [],
      )
      await hypervisor.createSnapshot(vm, { name: 's1', description: 'grade=pending' })
      await hypervisor.describeSnapshot(vm, 's1', 'grade=db-stopped')
      await hypervisor.removeSnapshot(vm, 's1')
    }))

  test('a privilege that is missing is named with its path', () =>
    withProxmox({ privileges: ['VM.Audit'] }, async ({ hypervisor, vm }) => {
      const refusing = (await hypervisor.checkSnapshot(vm)).filter(({ severity }) => severity === 'refuse')
      assert.deepEqual(
        refusing.map(({ code, message }) => [code, message]),
        [['missing-privilege', 'VM.Snapshot on /vms/100 is missing']],
      )
      await assert.rejects(hypervisor.createSnapshot(vm, { name: 's1', description: '' }), (error) => {
        assert.ok(error instanceof StillshotError)
        assert.deepEqual([error.details.path, error.details.privilege], ['/vms/100', 'VM.Snapshot'])
        return true
      })
    }))
})

async function withFile(text: string, body: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'stillshot-pem-'))
  try {
    await writeFile(join(folder, 'ca.pem'), text)
    await body(join(folder, 'ca.pem'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Takes connections and requests, and never answers. `ended`: how the first connection ended. */
async function openDeafServer({ certificate, key }: Certificate) {
  const { promise: ended, resolve } = Promise.withResolvers<string>()
  const server = createTls({ cert: certificate, key })
  server.on('connection', (socket) => {
    socket.on('error', ({ code = '' }: NodeJS.ErrnoException) => resolve(code))
    socket.on('end', () => resolve('end'))
  })
  server.on('secureConnection', (socket) => {
    socket.on('error', ({ code = '' }: NodeJS.ErrnoException) => resolve(code))
    socket.resume()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as { port: number }
  return { url: `https://127.0.0.1:${port}`, ended, close: () => server.close() }
}
