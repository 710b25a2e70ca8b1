// runs beside other labs
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createServer } from 'node:tls'
import { StillshotError } from '../../../../src/errors.ts'
import { rejectsWith } from '../../../conformance/hypervisor/under-test.ts'
import { makeCertificate } from '../../../labs/proxmox/http/certificate.ts'
import { PASSWORD, USERNAME } from '../../../labs/vsphere/simulator.ts'
import { INSTANCE_UUID, withVsphere } from './open-vsphere.ts'

describe('the connection to vSphere', () => {
  test('a certificate of another authority is refused', () =>
    withVsphere({}, async ({ another }) => {
      const stranger = await makeCertificate(['vc'])
      await withFile(stranger.ca, (authorityPath) =>
        rejectsWith('hypervisor-refused', another({ authorityPath }).check()),
      )
    }))

  test('the pinned certificate is accepted without its authority', () =>
    withVsphere({}, async ({ simulator, another }) => {
      const { url, certificate } = simulator
      const pinning = another({ url, fingerprint: `SHA256:${certificate.fingerprint}` })
      assert.equal((await pinning.check()).product, 'VMware vCenter Server')
    }))

  test('another certificate than the pinned one gets no byte, and the password is not even fetched', async () => {
    const { certificate, key, fingerprint } = await makeCertificate(['vc'])
    let received = 0
    const server = createServer({ cert: certificate, key }, (socket) => {
      socket.on('data', (bytes) => {
        received += bytes.length
      })
      socket.on('error', () => {})
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as { port: number }
    try {
      await withVsphere({}, async ({ another }) => {
        let fetched = 0
        const wrong = fingerprint.replace(/^../, (pair) => (pair === '00' ? '01' : '00'))
        const login = {
          username: USERNAME,
          password: async () => {
            fetched += 1
            return PASSWORD
          },
        }
        const pinning = another({ url: `https://127.0.0.1:${port}/sdk`, fingerprint: wrong, login })
        await assert.rejects(pinning.check(), (error) => {
          assert.ok(error instanceof StillshotError)
          assert.equal(error.code, 'hypervisor-refused')
          assert.ok(error.message.includes(`shows another certificate: SHA256:${fingerprint}`), error.message)
          return true
        })
        assert.deepEqual([received, fetched], [0, 0])
      })
    } finally {
      server.close()
    }
  })

  test('switches of the environment loosen and divert nothing', () =>
    withVsphere({}, async ({ simulator, another }) => {
      const stranger = await makeCertificate(['vc'])
      const names = ['NODE_TLS_REJECT_UNAUTHORIZED', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY'] as const
      const before = names.map((name) => process.env[name])
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
      for (const name of names.slice(1)) process.env[name] = 'http://127.0.0.1:1'
      try {
        await withFile(stranger.ca, (authorityPath) =>
          rejectsWith('hypervisor-refused', another({ authorityPath }).check()),
        )
        await another({ url: simulator.url }).check()
      } finally {
        for (const [index, name] of names.entries()) {
          if (before[index] === undefined) delete process.env[name]
          else process.env[name] = before[index]
        }
      }
    }))

  test('an address that is none of this API is told as such', () =>
    withVsphere({}, async ({ simulator, another }) => {
      const wrong = another({ url: simulator.url.replace('/sdk', '/ui') })
      await assert.rejects(wrong.check(), (error) => {
        assert.ok(error instanceof StillshotError)
        assert.match(error.message, /answered with status 404 and not in SOAP/)
        assert.match(error.hint, /https:\/\/vcenter\.example\/sdk/)
        return true
      })
    }))

  test('nobody at the address is unreachable', () =>
    withVsphere({}, async ({ another }) => {
      await rejectsWith('hypervisor-unreachable', another({ url: 'https://127.0.0.1:1/sdk' }).check())
    }))

  test('a connection is held open between the look and the snapshot', () =>
    withVsphere({}, async ({ simulator, hypervisor, vm }) => {
      await hypervisor.checkSnapshot(vm)
      const asked = async () => (await simulator.state()).calls.RetrievePropertiesEx ?? 0
      const before = await asked()
      while ((await asked()) < before + 2) await new Promise((resolve) => setTimeout(resolve, 100))
    }))
})

describe('the session at vSphere', () => {
  test('one login for all questions at once, and one logout', () =>
    withVsphere({}, async ({ simulator, another, vm }) => {
      const before = await simulator.state()
      const own = another()
      await Promise.all(Array.from({ length: 12 }, () => own.power(vm)))
      const during = await simulator.state()
      assert.equal((during.calls.Login ?? 0) - (before.calls.Login ?? 0), 1)
      assert.equal(during.sessions, before.sessions + 1)
      await own.checkSnapshot(vm)
      // Leaves something to tidy up behind it.
      await own.createSnapshot(vm, { name: 's1', description: '' })
      await own.close()
      await own.close()
      const after = await simulator.state()
      assert.equal(after.sessions, before.sessions)
      assert.equal((after.calls.Logout ?? 0) - (before.calls.Logout ?? 0), 1)
    }))

  test('an expired session is opened anew, once, also for a change', () =>
    withVsphere({}, async ({ simulator, hypervisor, vm }) => {
      await simulator.expire()
      assert.equal(await hypervisor.power(vm), 'running')
      await simulator.expire()
      await hypervisor.createSnapshot(vm, { name: 's1', description: '' })
      await simulator.rule({ method: 'CreateSnapshotEx_Task', where: 'call', fault: 'NotAuthenticated' })
      await hypervisor.createSnapshot(vm, { name: 's2', description: '' })
      assert.equal((await simulator.state()).calls.Login, 4)
      await simulator.rule({ method: 'RetrievePropertiesEx', where: 'call', fault: 'NotAuthenticated', times: 2 })
      await rejectsWith('hypervisor-refused', hypervisor.power(vm))
    }))

  test('a login that is given up does not spoil it for others', () =>
    withVsphere({}, async ({ simulator, another, vm }) => {
      await simulator.rule({ method: 'Login', delayMs: 800 })
      const own = another()
      const [given, patient] = await Promise.allSettled([own.power(vm, { timeoutMs: 200 }), own.power(vm)])
      assert.deepEqual([given.status, patient.status], ['rejected', 'fulfilled'])
    }))

  test('a wrong password is refused as that, and is in no message', () =>
    withVsphere({}, async ({ another }) => {
      const wrong = another({ login: { username: USERNAME, password: async () => 'hunter2 hunter2' } })
      await assert.rejects(wrong.check(), (error) => {
        assert.ok(error instanceof StillshotError)
        assert.deepEqual([error.code, error.details.fault], ['hypervisor-refused', 'InvalidLogin'])
        assert.doesNotMatch(deepText(error), /hunter2/)
        return true
      })
    }))
})

describe('finding VMs of vSphere', () => {
  test('by inventory path, with and without its slash', () =>
    withVsphere({}, async ({ hypervisor, vm }) => {
      for (const path of ['/DC0/vm/db1', 'DC0/vm/db1']) assert.deepEqual(await hypervisor.findVm(path), vm)
      await rejectsWith('vm-not-found', hypervisor.findVm('/DC0/vm/none'))
      await rejectsWith('vm-not-found', hypervisor.findVm('/DC0/vm'))
    }))

  test('on a single ESXi host as well', () =>
    withVsphere({ esx: true }, async ({ hypervisor, vm }) => {
      assert.equal((await hypervisor.check()).product, 'VMware ESXi')
      assert.deepEqual(await hypervisor.findVm('/ha-datacenter/vm/db1'), vm)
      assert.equal(vm.nativeId, INSTANCE_UUID)
      await hypervisor.createSnapshot(vm, { name: 's1', description: 'x' })
      await hypervisor.rollBack(vm, { snapshotName: 's1', token: 'one' })
      await hypervisor.removeSnapshot(vm, 's1')
    }))
})

test('faults, cut connections and expired sessions change neither the environment nor the listeners of the process', () =>
  withVsphere({}, async ({ simulator, hypervisor, another, vm }) => {
    const uncaught: unknown[] = []
    const hear = (error: unknown) => uncaught.push(error)
    process.on('uncaughtException', hear)
    process.on('unhandledRejection', hear)
    const mine = () => {}
    process.on('beforeExit', mine)
    const environment = { ...process.env }
    const listeners = () => process.eventNames().map((name) => [String(name), process.listenerCount(name)])
    const before = listeners()
    try {
      const own = another()
      for (const where of ['call', 'before', 'after'] as const) {
        await simulator.rule({ method: 'RetrievePropertiesEx', where, fault: 'SystemError', times: 2 })
        await assert.rejects(own.power(vm), StillshotError)
        await simulator.clear()
      }
      await simulator.expire()
      await own.power(vm)
      await own.close()
      await rejectsWith('hypervisor-unreachable', another({ url: 'https://127.0.0.1:1/sdk' }).check())
      await hypervisor.check()
      await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual(uncaught, [])
      assert.deepEqual({ ...process.env }, environment)
      assert.deepEqual(listeners(), before)
      assert.ok(process.listeners('beforeExit').includes(mine))
    } finally {
      process.off('uncaughtException', hear)
      process.off('unhandledRejection', hear)
      process.off('beforeExit', mine)
    }
  }))

/** Everything that an inspector reaches, private fields of the language's own kind excepted. */
function deepText(value: unknown, seen = new Set<unknown>()): string {
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? '' : String(value)
  if (seen.has(value)) return ''
  seen.add(value)
  return Reflect.ownKeys(value)
    .map((key) => deepText(Reflect.get(value, key), seen))
    .join('\n')
}

async function withFile(text: string, body: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'stillshot-pem-'))
  try {
    await writeFile(join(folder, 'ca.pem'), text)
    await body(join(folder, 'ca.pem'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
