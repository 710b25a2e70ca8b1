import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent } from 'node:https'
import { describe, test } from 'node:test'
import { connect } from 'node:tls'
import { ask, dataOf } from './ask.ts'
import { RELEASE_8 } from './release.ts'
import { USER, withStandIn } from './under-test.ts'

describe('the stand-in on the wire', () => {
  test('an answer is {"data": …} with the status line "200 OK"', () =>
    withStandIn(async ({ ask }) => {
      const answer = await ask('GET /version')
      assert.equal(answer.status, 200)
      assert.equal(answer.reason, 'OK')
      assert.deepEqual(answer.json, { data: { version: '9.2.11', release: '9.2', repoid: '14a22df3' } })
      assert.equal(answer.headers['keep-alive'], undefined)
    }))

  test('without credentials, with wrong ones and without the CSRF token: 401, the text in the status line, no body', () =>
    withStandIn(async ({ standIn }) => {
      const none = await ask(standIn, 'GET /version')
      assert.deepEqual([none.status, none.reason, none.text], [401, 'No ticket', ''])
      const wrong = await ask(standIn, 'GET /version', { headers: { Authorization: 'PVEAPIToken=a@pve!b=c' } })
      assert.deepEqual([wrong.status, wrong.reason, wrong.text], [401, 'Authentication failed!', ''])
      const form = { username: USER, password: 'secret' }
      const { ticket, CSRFPreventionToken } = dataOf<Record<'ticket' | 'CSRFPreventionToken', string>>(
        await ask(standIn, 'POST /access/ticket', { form }),
      )
      const cookie = { Cookie: `PVEAuthCookie=${encodeURIComponent(ticket)}` }
      assert.equal((await ask(standIn, 'GET /version', { headers: cookie })).status, 200)
      const call = 'POST /nodes/pve1/qemu/100/status/stop'
      const lacking = await ask(standIn, call, { headers: cookie })
      assert.deepEqual(
        [lacking.status, lacking.reason, lacking.text],
        [401, 'Permission denied - invalid csrf token', ''],
      )
      const headers = { ...cookie, CSRFPreventionToken }
      assert.equal((await ask(standIn, call, { headers })).status, 200)
    }))

  test('a wrong password has a JSON body, a ticket serves as password, and an old one does not', () => {
    let now = Date.now()
    return withStandIn(
      async ({ standIn }) => {
        const logIn = (password: string) => ask(standIn, 'POST /access/ticket', { form: { username: USER, password } })
        const wrong = await logIn('wrong')
        assert.equal(wrong.status, 401)
        assert.deepEqual(wrong.json, { data: null, message: 'authentication failure\n' })
        const { ticket } = dataOf<{ ticket: string }>(await logIn('secret'))
        now += 7_000_000
        assert.equal((await logIn(ticket)).status, 200)
        now += 300_000
        assert.equal((await logIn(ticket)).status, 401)
      },
      { now: () => now },
    )
  })

  test('every 401 is held back', () =>
    withStandIn(
      async ({ standIn }) => {
        const began = performance.now()
        await ask(standIn, 'GET /version')
        assert.ok(performance.now() - began > 45)
      },
      { times: { unauthorizedMs: 50 } },
    ))

  test('unknown paths and methods: 501 with a JSON body', () =>
    withStandIn(async ({ ask }) => {
      const answer = await ask('PUT /nodes/pve1/no-such')
      assert.deepEqual([answer.status, answer.reason], [501, "Method 'PUT /nodes/pve1/no-such' not implemented"])
      assert.deepEqual(answer.json, { data: null, message: "Method 'PUT /nodes/pve1/no-such' not implemented\n" })
    }))

  test('a body where none belongs, a chunked one, a large one: 501; another content type: 506; none of them JSON', () =>
    withStandIn(async ({ guest }) => {
      const refused = [
        await guest('DELETE /snapshot/one', { body: 'force=1' }),
        await guest('GET /snapshot', { body: 'a=b' }),
        await guest('POST /snapshot', { headers: { 'Transfer-Encoding': 'chunked' } }),
        await guest('POST /snapshot', { body: `description=${'x'.repeat(512 * 1024)}` }).catch(() => undefined),
        await guest('POST /snapshot', { body: '<a/>', headers: { 'Content-Type': 'text/xml' } }),
      ]
      assert.deepEqual(
        refused.map((answer) => answer?.status ?? 501),
        [501, 501, 501, 501, 506],
      )
      for (const answer of refused) assert.equal(answer?.json, undefined)
      assert.equal(refused[0]?.reason, "Unexpected content for method 'DELETE'")
    }))

  test('the query wins over the body, JSON is taken, a second "=" cuts a value off, an empty value is none', () =>
    withStandIn(async ({ guest, standIn, task }) => {
      await task('POST /snapshot?snapname=fromquery', { form: { snapname: 'frombody' } })
      await task('POST /snapshot', {
        body: JSON.stringify({ snapname: 'fromjson', vmstate: false, description: 'a=b' }),
        headers: { 'Content-Type': 'application/json' },
      })
      await task('POST /snapshot', { body: 'snapname=cut&description=grade=pending' })
      const { snapshots } = standIn.guest(100)
      assert.deepEqual([...snapshots.keys()], ['fromquery', 'fromjson', 'cut'])
      assert.equal(snapshots.get('fromjson')?.description, 'a=b')
      assert.equal(snapshots.get('cut')?.description, 'grade')
      const empty = await guest('POST /snapshot', { body: 'snapname=' })
      assert.equal(empty.json?.errors?.snapname, 'property is missing and it is not optional')
      const twice = await guest('POST /snapshot', { body: 'snapname=one&snapname=two' })
      assert.equal(twice.json?.errors?.snapname, "type check ('string') failed - got ARRAY")
    }))

  test('a connection is closed after an error, after 100 requests, and when it has been idle', () =>
    withStandIn(
      async ({ ask, standIn }) => {
        const agent = new Agent({ keepAlive: true, maxSockets: 1 })
        const server = standIn.server()
        try {
          const connections = []
          for (let count = 1; count <= 101; count += 1)
            connections.push((await ask('GET /version', { agent })).headers.connection)
          assert.deepEqual([connections[98], connections[99], connections[100]], ['Keep-Alive', 'close', 'Keep-Alive'])
          assert.equal(server.accepted, 2)
          assert.equal((await ask('GET /nowhere', { agent })).headers.connection, 'close')
          const socket = connect({
            port: Number(new URL(server.url).port),
            ca: standIn.certificate.ca,
            host: '127.0.0.1',
          })
          socket.on('error', () => {})
          socket.resume()
          await once(socket, 'close')
        } finally {
          agent.destroy()
        }
      },
      { times: { idleMs: 100 } },
    ))

  test('a long answer is compressed for whoever takes that', () =>
    withStandIn(async ({ guest, snapshot }) => {
      for (let count = 0; count < 20; count += 1) await snapshot(`snap${count}`)
      const answer = await guest('GET /snapshot', { headers: { 'Accept-Encoding': 'gzip, deflate' } })
      assert.equal(answer.headers['content-encoding'], 'gzip')
    }))

  test('an older release: no message in the body, and VM.Monitor for the agent', () =>
    withStandIn(
      async ({ standIn, guest }) => {
        standIn.lock(100, 'backup')
        const locked = await guest('PUT /config', { form: { name: 'other' } })
        assert.deepEqual([locked.reason, locked.json], ['VM is locked (backup)', { data: null }])
        assert.equal((await guest('POST /agent/ping')).reason, 'Permission check failed (/vms/100, VM.Monitor)')
      },
      { release: RELEASE_8 },
    ))

  test('a request that is held up before its work is done although nobody waits for it any more', () =>
    withStandIn(async ({ guest, standIn }) => {
      standIn.fault({ kind: 'delay', call: 'POST .*/snapshot$', when: 'before', ms: 30 })
      const agent = new Agent({ keepAlive: true })
      const given = guest('POST /snapshot', { form: { snapname: 'late' }, agent })
      while (standIn.server().requests.length === 0) await new Promise(setImmediate)
      agent.destroy()
      await assert.rejects(given)
      assert.equal(standIn.tasks().length, 0)
      while (standIn.tasks().length === 0) await new Promise(setImmediate)
      await standIn.tasks()[0]?.ended
      assert.equal(standIn.guest(100).snapshots.has('late'), true)
    }))

  test('a lost answer: before the work nothing is done, after it all is', () =>
    withStandIn(async ({ guest, standIn }) => {
      for (const when of ['before', 'after'] as const) {
        standIn.fault({ kind: 'lose', call: 'POST .*/snapshot$', when })
        await assert.rejects(guest('POST /snapshot', { form: { snapname: when } }))
      }
      await standIn.tasks('qmsnapshot')[0]?.ended
      assert.deepEqual([...standIn.guest(100).snapshots.keys()], ['after'])
    }))

  test('an answer that takes too long is a 596 without a body, and the work goes on', () =>
    withStandIn(
      async ({ guest, standIn }) => {
        const free = standIn.holdFlock(100)
        const answer = await guest('PUT /config', { form: { description: 'late' } })
        assert.deepEqual([answer.status, answer.text], [596, ''])
        free()
        assert.equal(dataOf<{ description: string }>(await guest('GET /config')).description, 'late')
      },
      { times: { proxyMs: 50, flockMs: 10_000 } },
    ))
})
