// runs beside other labs
import assert from 'node:assert/strict'
import { access, chmod, copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { HoldAnswer, ProbeAnswer, ReleaseAnswer } from '../../../../src/guest/protocol/answers.ts'
import { holdSchema } from '../../../../src/guest/protocol/hold-schema.ts'
import { probeSchema } from '../../../../src/guest/protocol/probe-schema.ts'
import { releaseSchema } from '../../../../src/guest/protocol/release-schema.ts'
import { HOLD, openSandbox, refusal, type Sandbox, SHELLS, type ShellName } from './sandbox.ts'

async function openSysv(shell: ShellName, t: TestContext): Promise<Sandbox> {
  const guest = await openSandbox(shell, { proc: '/proc' })
  t.after(async () => {
    await guest.run(['release', HOLD])
    await guest.remove()
  })
  await rm(join(guest.root, 'run/systemd'), { recursive: true })
  await copyFile(join(guest.root, 'bin/initd'), join(guest.root, 'etc/init.d/mariadb'))
  await chmod(join(guest.root, 'etc/init.d/mariadb'), 0o755)
  return guest
}

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`the helper under SysV and ${shell}`, { concurrency: true }, () => {
    test('holds and releases through the init script, with a process as watchdog', async (t) => {
      const guest = await openSysv(shell, t)
      const probe = await guest.answer<ProbeAnswer>(probeSchema, 'probe', 'mysql')
      assert.deepEqual([probe.init, probe.watchdog, probe.components[0]?.unit], ['sysv', 'process', 'mariadb'])
      const held = await guest.answer<HoldAnswer>(holdSchema, 'hold', 'mysql', HOLD, '60000', '10000')
      assert.deepEqual([held.watchdog, held.watchdogArmed, held.components[0]?.blockedBy], ['process', true, 'none'])
      assert.equal(await guest.unit('mariadb.service'), 'inactive')
      const [pid] = (await guest.read(`run/stillshot/holds/${HOLD}/watchdog`)).split(' ')
      await access(`/proc/${pid}`)
      const released = await guest.answer<ReleaseAnswer>(releaseSchema, 'release', HOLD)
      assert.equal(await guest.unit('mariadb.service'), 'active')
      assert.deepEqual([released.fence?.watchdog, released.watchdogDisarmed], ['armed', true])
      assert.ok(released.readyUptimeMs !== null)
      assert.doesNotMatch(await guest.read('calls'), /inherits the lock/)
      assert.equal((await guest.read('calls')).match(/^init\.d start$/gm)?.length, 1)
    })

    test('the watchdog that is a process starts everything when the time is over', async (t) => {
      const guest = await openSysv(shell, t)
      await guest.answer(holdSchema, 'hold', 'mysql', HOLD, '60000', '10000')
      assert.equal(refusal(await guest.run(['watch', HOLD, '1'])), 'watchdog-failed')
      const [pid] = (await guest.read(`run/stillshot/holds/${HOLD}/watchdog`)).split(' ')
      process.kill(Number(pid))
      await rm(join(guest.root, 'run/stillshot/holds', HOLD, 'watchdog'))
      assert.equal((await guest.run(['watch', HOLD, '1'])).status, 0)
      assert.equal(await guest.unit('mariadb.service'), 'active')
      const released = await guest.answer<ReleaseAnswer>(releaseSchema, 'release', HOLD)
      assert.equal(released.fence?.watchdog, 'fired')
    })
  })
}
