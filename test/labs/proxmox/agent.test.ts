import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { dataOf } from './ask.ts'
import { withStandIn } from './under-test.ts'

const SKIPPED = 'skipping guest filesystem freeze - '

describe('the guest agent of the stand-in', () => {
  test('not configured, not running and dead are 500', () =>
    withStandIn(async ({ standIn, guest, machine }) => {
      const message = async () => {
        const { status, json } = await guest('POST /agent/fsfreeze-freeze')
        return [status, json?.message]
      }
      assert.deepEqual(await message(), [500, 'No QEMU guest agent configured\n'])
      standIn.guest(100).config.agent = '1'
      assert.deepEqual(await message(), [500, 'QEMU guest agent is not running\n'])
      await machine.stop()
      assert.deepEqual(await message(), [500, 'VM 100 is not running\n'])
    }))

  test('freeze gives the number of file systems; a second one is an error inside HTTP 200', () =>
    withStandIn(async ({ standIn, guest, machine }) => {
      standIn.guest(100).config.agent = 'enabled=1'
      machine.agent = 'running'
      const result = async (command: string) =>
        dataOf<{ result: unknown }>(await guest(`POST /agent/${command}`)).result
      assert.equal(await result('fsfreeze-status'), 'thawed')
      assert.equal(await result('fsfreeze-freeze'), 1)
      assert.equal(await result('fsfreeze-status'), 'frozen')
      const again = await result('fsfreeze-freeze')
      assert.deepEqual(Object.keys((again as { error: object }).error).toSorted(), ['class', 'desc'])
      assert.equal(await result('fsfreeze-thaw'), 1)
      assert.equal((await guest('GET /agent/fsfreeze-status')).status, 501)
    }))

  test('a snapshot freezes and thaws when the agent is on and answers', () =>
    withStandIn(async ({ standIn, snapshot, machine }) => {
      standIn.guest(100).config.agent = '1'
      machine.agent = 'running'
      standIn.fault({ kind: 'slow', task: 'qmsnapshot', point: 'frozen', ms: 30 })
      const ending = snapshot('one')
      while (!machine.frozen) await new Promise(setImmediate)
      const task = await ending
      assert.equal(machine.frozen, false)
      assert.ok(!task.lines.some((line) => line.startsWith(SKIPPED)))
    }))

  test('no agent, a dead one, one that may not freeze, a frozen guest: the log says so, the status is OK', () =>
    withStandIn(async ({ standIn, snapshot, machine }) => {
      const { config } = standIn.guest(100)
      const first = async (name: string) => {
        const { exitStatus, lines } = await snapshot(name)
        return [exitStatus, lines[0]]
      }
      assert.deepEqual(await first('none'), ['OK', `${SKIPPED}disabled in VM options`])
      config.agent = '1,freeze-fs=0'
      assert.deepEqual(await first('off'), ['OK', `${SKIPPED}disabled in VM options`])
      config.agent = '1'
      assert.deepEqual(await first('dead'), ['OK', `${SKIPPED}agent configured but not running?`])
      machine.agent = 'running'
      machine.frozen = true
      assert.deepEqual(await first('frozen'), ['OK', `${SKIPPED}already frozen`])
      assert.equal(machine.frozen, true)
    }))

  test('a freeze or a thaw that fails is a line in the log, and the status is OK', () =>
    withStandIn(async ({ standIn, snapshot, machine }) => {
      standIn.guest(100).config.agent = '1'
      machine.agent = 'refuses-to-freeze'
      const { exitStatus, lines } = await snapshot('one')
      assert.deepEqual(
        [exitStatus, lines[0]],
        ['OK', 'unable to freeze guest fs - fsfreeze hook has failed with status 1'],
      )
      machine.agent = 'refuses-to-thaw'
      const second = await snapshot('two')
      assert.equal(second.exitStatus, 'OK')
      assert.ok(second.lines.some((line) => line.startsWith('guest-fsfreeze-thaw problems')))
      assert.equal(machine.frozen, true)
    }))
})
