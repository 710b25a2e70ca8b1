// runs beside other labs
import assert from 'node:assert/strict'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { ReleaseAnswer, StatusAnswer } from '../../../../src/guest/protocol/answers.ts'
import { holdSchema } from '../../../../src/guest/protocol/hold-schema.ts'
import { releaseSchema } from '../../../../src/guest/protocol/release-schema.ts'
import { statusSchema } from '../../../../src/guest/protocol/small-schemas.ts'
import {
  HOLD,
  OTHER_HOLD,
  openSandbox,
  profileText,
  refusal,
  type Sandbox,
  SHELLS,
  type ShellName,
  until,
} from './sandbox.ts'

const holdWords = ['hold', 'mysql', HOLD, '60000', '10000'] as const
const otherWords = ['hold', 'mysql', OTHER_HOLD, '60000', '10000'] as const
const dropIn = 'run/systemd/system/mariadb.service.d/zz-stillshot.conf'
const unlimited = '[Service]\nSendSIGKILL=no\nTimeoutStopSec=infinity\n'
const kills = 'SendSIGKILL=yes\nTimeoutStopUSec=1min 30s\n'

async function stateOf(guest: Sandbox, hold: string): Promise<string | undefined> {
  const { holds } = await guest.answer<StatusAnswer>(statusSchema, 'status')
  return holds.find(({ id }) => id === hold)?.state
}

/** The ten seconds between two tries of the watchdog. */
async function shortenSleep(guest: Sandbox, seconds: string): Promise<void> {
  const text = `#!/bin/sh\n[ "$1" != 10 ] || set -- ${seconds}\nexec /bin/sleep "$@"\n`
  await writeFile(join(guest.root, 'bin/sleep'), text, { mode: 0o755 })
}

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`one hold after another under ${shell}`, { concurrency: true }, () => {
    test('keeps the drop-in of an earlier hold that took the kill from systemd', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await guest.write('units/mariadb.service.props', kills)
      const text = `[Unit]\nConditionFileNotEmpty=!${guest.root}/run/stillshot/blocked\n${unlimited}`
      await mkdir(join(guest.root, dropIn, '..'))
      await guest.write(dropIn, text)
      await guest.answer(holdSchema, ...holdWords)
      assert.equal(await guest.read(dropIn), text)
      await guest.answer(releaseSchema, 'release', HOLD)
      await assert.rejects(guest.read(dropIn), { code: 'ENOENT' })
    })

    test('stops no server that systemd would kill in spite of the drop-in', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await guest.write('units/mariadb.service.props', kills)
      await guest.write('overrides-drop-ins')
      assert.equal(refusal(await guest.run(holdWords)), 'block-failed')
      assert.equal(await guest.unit('mariadb.service'), 'active')
    })

    test('is kept out while the first may still be stopping, and let in when its watchdog started everything', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await guest.write('never-stops')
      await guest.write('etc/profiles/mysql', profileText('mysql', 'component dbms auto 1 5'))
      assert.equal(refusal(await guest.run(holdWords)), 'stop-timeout')
      await rm(join(guest.root, 'never-stops'))
      assert.equal(await stateOf(guest, HOLD), 'stopping')
      assert.equal(refusal(await guest.run(otherWords)), 'guest-locked')
      assert.equal((await guest.run(['expire', HOLD])).status, 0)
      assert.equal(await stateOf(guest, HOLD), 'expired')
      await guest.answer(holdSchema, ...otherWords)
    })

    test('a release of a hold that its watchdog ended starts nothing, for another hold or an admin stopped it', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await guest.answer(holdSchema, ...holdWords)
      assert.equal((await guest.run(['expire', HOLD])).status, 0)
      await guest.answer(holdSchema, ...otherWords)
      const { fence, components } = await guest.answer<ReleaseAnswer>(releaseSchema, 'release', HOLD)
      assert.deepEqual([fence?.watchdog, components[0]?.activeState], ['fired', 'inactive'])
      assert.equal(await guest.unit('mariadb.service'), 'inactive')
      assert.equal(await guest.read('run/stillshot/blocked'), `${OTHER_HOLD}\n`)
      assert.equal(refusal(await guest.run(['expire', HOLD])), 'not-open')
    })

    test('a release of a hold that was refused starts nothing', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await guest.write('takes-no-drop-ins')
      assert.equal(refusal(await guest.run(holdWords)), 'block-failed')
      assert.equal(await stateOf(guest, HOLD), 'refused')
      await guest.write('units/mariadb.service', 'inactive\n')
      await guest.answer(releaseSchema, 'release', HOLD)
      assert.equal(await guest.unit('mariadb.service'), 'inactive')
    })

    test('a watchdog that cannot start everything lets a release in, and ends when that could', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await shortenSleep(guest, '0.5')
      await guest.answer(holdSchema, ...holdWords)
      await guest.write('units/mariadb.service.fails')
      let ended = false
      const expired = guest.run(['expire', HOLD]).finally(() => (ended = true))
      await until(async () => (await guest.read('calls')).includes('systemctl start -- mariadb.service'))
      assert.equal(await stateOf(guest, HOLD), 'releasing')
      assert.equal(refusal(await guest.run(otherWords)), 'guest-locked')
      assert.equal(refusal(await guest.run(['release', HOLD])), 'start-failed')
      assert.equal(ended, false)
      await rm(join(guest.root, 'units/mariadb.service.fails'))
      await guest.answer(releaseSchema, 'release', HOLD)
      await expired
      assert.equal(await stateOf(guest, HOLD), 'released')
    })

    test('a watchdog that gave up says so, and leaves a server that may still be stopping without a limit', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await shortenSleep(guest, '0')
      await guest.write('units/mariadb.service.props', kills)
      await guest.answer(holdSchema, ...holdWords)
      await guest.write('units/mariadb.service.fails')
      assert.equal(refusal(await guest.run(['expire', HOLD])), 'start-failed')
      assert.match(await guest.read(dropIn), /^SendSIGKILL=no$/m)
    })

    test('the watchdog is armed early enough to wait for the lock', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await guest.answer(holdSchema, ...holdWords)
      const [, delay] = /--on-active=(\d+)ms/.exec(await guest.read('calls')) ?? []
      assert.ok(Number(delay) <= 60_000 - 10_000 - 5_000, delay)
    })
  })
}
