import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ask, dataOf, tokenHeader } from './ask.ts'
import { MemoryMachine } from './machines/memory-machine.ts'
import { guestConfig, USER, withStandIn } from './under-test.ts'

type Fields = Record<string, unknown>

const UPID = /^UPID:pve1:[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:qmsnapshot:100:stillshot@pve!lab:$/

describe('tasks of the stand-in', () => {
  test('UPID, status and log of a task that runs and has ended', () =>
    withStandIn(async ({ standIn, guest, ask }) => {
      standIn.fault({ kind: 'slow', task: 'qmsnapshot', point: 'locked', ms: 200 })
      const upid = dataOf<string>(await guest('POST /snapshot', { form: { snapname: 'one' } }))
      assert.match(upid, UPID)
      const path = `/nodes/pve1/tasks/${encodeURIComponent(upid)}`
      const status = async () => dataOf<Fields>(await ask(`GET ${path}/status`))
      const { pid, pstart, starttime, ...running } = await status()
      assert.deepEqual(running, {
        upid,
        node: 'pve1',
        type: 'qmsnapshot',
        id: '100',
        user: USER,
        tokenid: 'lab',
        status: 'running',
      })
      for (const number of [pid, pstart, starttime]) assert.equal(typeof number, 'number')
      const list = async (query: string) => dataOf<Fields[]>(await ask(`GET /nodes/pve1/tasks${query}`))
      assert.deepEqual(await list(''), [])
      assert.equal((await list('?source=all&vmid=100&typefilter=qmsnapshot'))[0]?.status, 'RUNNING')
      await standIn.tasks()[0]?.ended
      const { exitstatus, status: stopped, endtime } = await status()
      assert.deepEqual([stopped, exitstatus, endtime], ['stopped', 'OK', undefined])
      const [archived] = await list('?limit=1')
      assert.equal(archived?.status, 'OK')
      assert.equal(typeof archived?.endtime, 'number')
      const log = await ask(`GET ${path}/log?limit=2`)
      assert.equal(log.json?.total, 4)
      assert.deepEqual(log.json?.data, [
        { n: 1, t: 'skipping guest filesystem freeze - disabled in VM options' },
        { n: 2, t: "snapshotting 'drive-scsi0' (local:100/vm-100-disk-0.qcow2)" },
      ])
    }))

  test('a bad UPID and an unknown one are 400', () =>
    withStandIn(async ({ ask }) => {
      const bad = await ask('GET /nodes/pve1/tasks/nonsense/status')
      assert.deepEqual([bad.status, bad.json?.errors], [400, { upid: 'unable to parse worker upid' }])
      const unknown = 'UPID:pve1:0003F2A1:00112233:6543ABCD:qmsnapshot:100:root@pam:'
      const none = await ask(`GET /nodes/pve1/tasks/${encodeURIComponent(unknown)}/status`)
      assert.deepEqual([none.status, none.json?.errors], [400, { upid: 'no such task' }])
    }))

  test('a token sees its own tasks only, its user all of theirs, and others need Sys.Audit', () =>
    withStandIn(async ({ standIn, snapshot, ask: askAsToken }) => {
      const { upid } = await snapshot('one')
      standIn.cluster.accounts.tokens.push({ token: `${USER}!other`, secret: 's', separated: false })
      const headers = tokenHeader(`${USER}!other`, 's')
      const call = `GET /nodes/pve1/tasks/${encodeURIComponent(upid)}/status`
      const other = await ask(standIn, call, { headers })
      assert.deepEqual([other.status, other.json?.message], [403, 'Permission check failed (/nodes/pve1, Sys.Audit)\n'])
      assert.deepEqual(dataOf(await ask(standIn, 'GET /nodes/pve1/tasks', { headers })), [])
      assert.equal((await askAsToken(call)).status, 200)
      standIn.grant(USER, '/nodes/pve1', 'Sys.Audit')
      assert.equal((await ask(standIn, call, { headers })).status, 200)
      assert.equal(dataOf<Fields[]>(await ask(standIn, 'GET /cluster/tasks', { headers })).length, 0)
    }))

  test('a worker that was killed: "unexpected status", lock and unfinished snapshot stay, and force does not help', () =>
    withStandIn(async ({ standIn, task, snapshot, guest }) => {
      standIn.fault({ kind: 'kill', task: 'qmsnapshot', point: 'locked' })
      const killed = await snapshot('one')
      assert.equal(killed.exitStatus, 'unexpected status')
      assert.ok(!killed.lines.some((line) => line.startsWith('TASK')))
      const lists = dataOf<Fields[]>(await guest('GET /snapshot'))
      assert.equal(lists[0]?.snapstate, 'prepare')
      assert.equal(dataOf<Fields>(await guest('GET /status/current')).lock, 'snapshot')
      const locked = 'VM is locked (snapshot)'
      assert.equal((await task('DELETE /snapshot/one?force=1')).exitStatus, locked)
      assert.equal((await task('POST /status/start')).exitStatus, locked)
      const config = await guest('PUT /config', { form: { name: 'other' } })
      assert.deepEqual([config.status, config.reason, config.json?.message], [500, locked, `${locked}\n`])
      standIn.unlock(100)
      assert.equal((await task('DELETE /snapshot/one?force=1')).exitStatus, 'OK')
      assert.equal((await snapshot('one')).exitStatus, 'OK')
    }))

  test('a worker that was killed between freeze and thaw leaves the guest frozen and paused', () =>
    withStandIn(async ({ standIn, snapshot, machine }) => {
      standIn.guest(100).config.agent = '1'
      machine.agent = 'running'
      standIn.fault({ kind: 'kill', task: 'qmsnapshot', point: 'disks' })
      await snapshot('one')
      assert.deepEqual([machine.frozen, await machine.paused()], [true, true])
    }))

  test('counted warnings end a task with "WARNINGS: n"', () =>
    withStandIn(async ({ standIn, snapshot }) => {
      for (const point of ['locked', 'done'] as const) {
        standIn.fault({ kind: 'warn', task: 'qmsnapshot', point, message: `at ${point}` })
      }
      const task = await snapshot('one')
      assert.equal(task.exitStatus, 'WARNINGS: 2')
      assert.deepEqual(task.lines.slice(-2), ['WARN: at done', 'TASK WARNINGS: 2'])
    }))

  test('DELETE of a task ends it with "received interrupt", and what it had locked is cleaned up', () =>
    withStandIn(async ({ standIn, guest, ask }) => {
      standIn.fault({ kind: 'slow', task: 'qmsnapshot', point: 'locked', ms: 50 })
      const upid = dataOf<string>(await guest('POST /snapshot', { form: { snapname: 'one' } }))
      const locked = async () => standIn.guest(100).config.lock === 'snapshot'
      while (!(await locked())) await new Promise(setImmediate)
      assert.equal((await ask(`DELETE /nodes/pve1/tasks/${encodeURIComponent(upid)}`)).status, 200)
      const [task] = standIn.tasks()
      await task?.ended
      assert.equal(task?.exitStatus, 'received interrupt')
      assert.equal(standIn.guest(100).snapshots.size, 0)
    }))

  test('power: a running one that is started is an error, a stopped one that is stopped is none', () =>
    withStandIn(async ({ task, machine, guest }) => {
      assert.equal((await task('POST /status/start')).exitStatus, 'VM 100 already running')
      assert.equal((await task('POST /status/stop')).exitStatus, 'OK')
      assert.equal((await task('POST /status/stop')).exitStatus, 'OK')
      assert.equal((await task('POST /status/start')).exitStatus, 'OK')
      machine.obeys = false
      const form = { timeout: '0' }
      assert.equal((await task('POST /status/shutdown', { form })).exitStatus, 'VM quit/powerdown failed - got timeout')
      const skip = await guest('POST /status/stop', { form: { skiplock: '1' } })
      assert.deepEqual([skip.status, skip.json?.errors], [400, { skiplock: 'Only root may use this option.' }])
    }))

  test('high availability: the task ends before the guest has started', () =>
    withStandIn(async ({ standIn, ask }) => {
      const machine = new MemoryMachine([])
      await machine.stop()
      standIn.addGuest({ vmid: 200, config: guestConfig(200), machine, ha: true })
      const upid = dataOf<string>(await ask('POST /nodes/pve1/qemu/200/status/start'))
      const task = standIn.tasks().at(-1)
      await task?.ended
      assert.match(upid, /:hastart:200:/)
      assert.deepEqual([task?.exitStatus, await machine.running()], ['OK', false])
      while (!(await machine.running())) await new Promise(setImmediate)
    }))

  test("a backup holds its lock for its whole length, and its task is root's", () =>
    withStandIn(async ({ standIn, snapshot, ask }) => {
      const finish = standIn.backUp(100)
      assert.equal((await snapshot('one')).exitStatus, 'VM is locked (backup)')
      assert.equal(
        dataOf<Fields[]>(await ask('GET /nodes/pve1/tasks?source=all')).some(({ type }) => type === 'vzdump'),
        false,
      )
      finish()
      await standIn.tasks('vzdump')[0]?.ended
      assert.equal((await snapshot('one')).exitStatus, 'OK')
    }))
})
