import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { dataOf } from './ask.ts'
import { guestConfig, type StandInUnderTest, withStandIn } from './under-test.ts'

interface Entry {
  readonly name: string
  readonly [key: string]: unknown
}

async function listed({ guest }: StandInUnderTest): Promise<readonly Entry[]> {
  return dataOf<readonly Entry[]>(await guest('GET /snapshot'))
}

async function namesOf(under: StandInUnderTest): Promise<readonly string[]> {
  return (await listed(under)).map(({ name }) => name).toSorted()
}

describe('snapshots of the stand-in', () => {
  test('the list: what a finished one, an unfinished one and "current" look like, "current" last', () =>
    withStandIn(async (under) => {
      await under.snapshot('one')
      await under.snapshot('two')
      const entries = await listed(under)
      const { snaptime, ...two } = entries.find(({ name }) => name === 'two') ?? { snaptime: undefined }
      assert.deepEqual(two, { name: 'two', vmstate: 0, description: 'made as two', parent: 'one' })
      assert.ok(Math.abs(Number(snaptime) - Date.now() / 1000) < 10)
      const { digest, ...current } = entries.at(-1) ?? { digest: '' }
      assert.deepEqual(current, { name: 'current', running: 1, parent: 'two', description: 'You are here!' })
      assert.match(String(digest), /^[0-9a-f]{40}$/)
    }))

  test('names: 2 to 40 characters from a letter on; "current" and "pending" are refused with 500', () =>
    withStandIn(async ({ guest }) => {
      const refusal = async (snapname: string) => {
        const { status, json } = await guest('POST /snapshot', { form: { snapname } })
        return [status, json?.errors?.snapname ?? json?.message]
      }
      assert.deepEqual(await refusal('a'), [400, "invalid format - invalid configuration ID 'a'\n"])
      assert.deepEqual(await refusal('1a'), [400, "invalid format - invalid configuration ID '1a'\n"])
      assert.deepEqual(await refusal('a.b'), [400, "invalid format - invalid configuration ID 'a.b'\n"])
      assert.deepEqual(await refusal('n'.repeat(41)), [400, 'value may only be 40 characters long'])
      assert.deepEqual(await refusal('current'), [500, "unable to use snapshot name 'current' (reserved name)\n"])
      assert.deepEqual(await refusal('Pending'), [500, "unable to use snapshot name 'Pending' (reserved name)\n"])
    }))

  test('the schema: unknown parameters and bad booleans are named in errors', () =>
    withStandIn(async ({ guest }) => {
      const answer = await guest('POST /snapshot', { form: { snapname: 'one', vmstate: 'maybe', quiesce: '1' } })
      assert.deepEqual([answer.status, answer.reason], [400, 'Parameter verification failed.'])
      assert.deepEqual(answer.json, {
        data: null,
        message: 'Parameter verification failed.\n',
        errors: {
          vmstate: "type check ('boolean') failed - got 'maybe'",
          quiesce: 'property is not defined in schema and the schema does not allow additional properties',
        },
      })
    }))

  test('nothing about the guest is checked before the UPID: locked, used name, no feature, unknown one', () =>
    withStandIn(async ({ standIn, task, snapshot }) => {
      const ending = async (call: string, form?: Record<string, string>) =>
        (await task(call, form && { form })).exitStatus
      standIn.lock(100, 'backup')
      assert.equal(await ending('POST /snapshot', { snapname: 'one' }), 'VM is locked (backup)')
      standIn.unlock(100)
      assert.equal((await snapshot('one')).exitStatus, 'OK')
      assert.equal(await ending('POST /snapshot', { snapname: 'one' }), "snapshot name 'one' already used")
      assert.equal(await ending('DELETE /snapshot/none'), "snapshot 'none' does not exist")
      assert.equal(await ending('POST /snapshot/none/rollback'), "snapshot 'none' does not exist")
      standIn.guest(100).config.scsi2 = 'local:100/vm-100-disk-2.raw,backup=0,size=1G'
      assert.equal(await ending('POST /snapshot', { snapname: 'two' }), 'snapshot feature is not available')
    }))

  test('a description comes back without white space at its end, and is gone when it was nothing else', () =>
    withStandIn(async ({ guest, task }) => {
      await task('POST /snapshot', { form: { snapname: 'one', description: ' a\n\nß  \n ' } })
      const config = async () => dataOf<Record<string, unknown>>(await guest('GET /snapshot/one/config'))
      assert.equal((await config()).description, ' a\n\nß')
      assert.equal((await guest('PUT /snapshot/one/config', { form: { description: '' } })).status, 200)
      assert.equal((await config()).description, ' a\n\nß')
      await guest('PUT /snapshot/one/config', { form: { description: ' ' } })
      assert.equal((await config()).description, undefined)
      const missing = await guest('PUT /snapshot/none/config', { form: { description: 'x' } })
      assert.deepEqual([missing.status, missing.json?.message], [500, "snapshot 'none' does not exist\n"])
    }))

  test('removing one lets the next stand on its parent; a disk that fails leaves lock and state, and force cleans up', () =>
    withStandIn(async (under) => {
      const { standIn, task, snapshot, machine } = under
      for (const name of ['one', 'two', 'three']) await snapshot(name)
      await task('DELETE /snapshot/two')
      assert.equal((await listed(under)).find(({ name }) => name === 'three')?.parent, 'one')
      assert.deepEqual([...(machine.disks.get('scsi0')?.snapshots.keys() ?? [])], ['one', 'three'])
      standIn.fault({ kind: 'fail', task: 'qmdelsnapshot', point: 'disk scsi1', message: 'no space' })
      assert.equal((await task('DELETE /snapshot/one')).exitStatus, 'no space')
      assert.equal(standIn.guest(100).config.lock, 'snapshot-delete')
      assert.equal((await listed(under)).find(({ name }) => name === 'one')?.snapstate, 'delete')
      assert.equal((await task('DELETE /snapshot/one?force=1')).exitStatus, 'VM is locked (snapshot-delete)')
      standIn.unlock(100)
      assert.equal((await task('DELETE /snapshot/one?force=1')).exitStatus, 'OK')
      assert.deepEqual(await namesOf(under), ['current', 'three'])
      assert.deepEqual(
        Object.keys(standIn.guest(100).config).filter((key) => key.startsWith('unused')),
        [],
      )
    }))

  test('a snapshot that fails on a disk takes away what it made, and runs on', () =>
    withStandIn(async (under) => {
      under.standIn.fault({ kind: 'fail', task: 'qmsnapshot', point: 'disk scsi1', message: 'no space' })
      const task = await under.snapshot('one')
      assert.equal(task.exitStatus, 'no space')
      assert.ok(task.lines.includes('snapshot create failed: starting cleanup'))
      assert.deepEqual(await namesOf(under), ['current'])
      assert.equal(under.standIn.guest(100).config.lock, undefined)
      assert.equal(under.machine.disks.get('scsi0')?.snapshots.size, 0)
      assert.equal(await under.machine.paused(), false)
    }))

  test('a roll back stops the guest, puts disks and configuration back, and leaves it off', () =>
    withStandIn(async ({ standIn, task, snapshot, machine, guest }) => {
      machine.write('scsi0', 'before')
      await snapshot('one')
      machine.write('scsi0', 'after')
      await guest('PUT /config', { form: { name: 'renamed', description: 'kept' } })
      standIn.guest(100).config.scsi3 = 'local:100/vm-100-disk-3.qcow2,size=1G'
      const before = standIn.guest(100).config.vmgenid
      assert.equal((await task('POST /snapshot/one/rollback')).exitStatus, 'OK')
      assert.equal(machine.read('scsi0'), 'before')
      assert.equal(await machine.running(), false)
      const { name, description, parent, lock, unused0, vmgenid } = standIn.guest(100).config
      assert.deepEqual([name, description, parent, lock], ['db100', 'kept', 'one', undefined])
      assert.equal(unused0, 'local:100/vm-100-disk-3.qcow2')
      assert.notEqual(vmgenid, before)
    }))

  test('start=1 starts another task, and for a while then the flock is held', () =>
    withStandIn(
      async ({ standIn, task, snapshot }) => {
        await snapshot('one')
        await task('POST /snapshot/one/rollback', { form: { start: '1' } })
        const [started] = standIn.tasks('qmstart')
        await started?.ended
        assert.equal(started?.exitStatus, 'OK')
        const timeout = "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout"
        const tooSoon = await snapshot('two')
        assert.deepEqual([tooSoon.exitStatus, tooSoon.lines[0]], [timeout, 'trying to acquire lock...'])
        while ((await snapshot('two')).exitStatus === timeout);
        assert.equal(standIn.tasks('qmsnapshot').at(-1)?.exitStatus, 'OK')
      },
      { times: { flockMs: 50, cleanUpMs: 300 } },
    ))

  test('a roll back that fails in the middle leaves the lock "rollback"; an unfinished one cannot be the goal', () =>
    withStandIn(async ({ standIn, task, snapshot }) => {
      await snapshot('one')
      standIn.fault({ kind: 'fail', task: 'qmrollback', point: 'disk scsi1', message: 'no space' })
      assert.equal((await task('POST /snapshot/one/rollback')).exitStatus, 'no space')
      assert.equal(standIn.guest(100).config.lock, 'rollback')
      standIn.unlock(100)
      const section = standIn.guest(100).snapshots.get('one')
      if (section) section.snapstate = 'prepare'
      const refused = await task('POST /snapshot/one/rollback')
      assert.equal(refused.exitStatus, 'unable to rollback to incomplete snapshot (snapstate = prepare)')
    }))

  test('the file locks of a worker that was killed are free again, the lock in the configuration is not', () =>
    withStandIn(async ({ standIn, task, snapshot }) => {
      await snapshot('one')
      standIn.fault({ kind: 'kill', task: 'qmrollback', point: 'disks' })
      assert.equal((await task('POST /snapshot/one/rollback')).exitStatus, 'unexpected status')
      assert.equal((await task('POST /snapshot/one/rollback')).exitStatus, 'VM is locked (rollback)')
      standIn.unlock(100)
      assert.equal((await task('POST /snapshot/one/rollback')).exitStatus, 'OK')
    }))

  test('ZFS rolls back to the newest only', () =>
    withStandIn(
      async ({ standIn, task, snapshot }) => {
        standIn.guest(100).config.scsi1 = 'tank:vm-100-disk-1,size=2G'
        for (const name of ['one', 'two']) await snapshot(name)
        const refused = await task('POST /snapshot/one/rollback')
        assert.equal(refused.exitStatus, "can't rollback, 'one' is not most recent snapshot on 'tank:vm-100-disk-1'")
        assert.equal((await task('POST /snapshot/two/rollback')).exitStatus, 'OK')
      },
      {
        storages: [
          { name: 'local', type: 'dir', totalBytes: 1e11, usedBytes: 1e10 },
          { name: 'tank', type: 'zfspool', totalBytes: 1e11, usedBytes: 1e10 },
        ],
      },
    ))

  test('the feature call says whether every disk can', () =>
    withStandIn(async ({ standIn, guest }) => {
      const has = async () => dataOf<object>(await guest('GET /feature?feature=snapshot'))
      assert.deepEqual(await has(), { hasFeature: 1, nodes: ['pve1'] })
      standIn.guest(100).config = { ...guestConfig(100), scsi1: 'local:100/vm-100-disk-1.raw,size=2G' }
      assert.deepEqual(await has(), { hasFeature: 0, nodes: [] })
    }))

  test('with RAM: on a running guest only, and a roll back to it starts the guest whatever start says', () =>
    withStandIn(async (under) => {
      const { task, machine } = under
      await task('POST /snapshot', { form: { snapname: 'ram', vmstate: '1' } })
      await machine.stop()
      await task('POST /snapshot', { form: { snapname: 'noram', vmstate: '1' } })
      const states = (await listed(under)).map(({ name, vmstate }) => [name, vmstate]).toSorted()
      assert.deepEqual(states, [
        ['current', undefined],
        ['noram', 0],
        ['ram', 1],
      ])
      await task('POST /snapshot/ram/rollback')
      assert.equal(await machine.running(), true)
    }))
})
