// runs beside other labs
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { HOLD, OTHER_HOLD, openSandbox, profileText, type Sandbox, SHELLS, type ShellName, until } from './sandbox.ts'

const REQUEST = 'database=shop\n\nINSERT INTO t VALUES (1);\n'

async function openGuest(shell: ShellName, t: { after(work: () => Promise<void>): void }): Promise<Sandbox> {
  // Its own processes are ended by their numbers and births, which only the real /proc knows.
  const guest = await openSandbox(shell, { proc: '/proc' })
  t.after(() => guest.remove())
  const profile = profileText('mysql', 'component dbms auto 2 5', 'allow backup', 'allow restore')
  await guest.write('etc/profiles/mysql', profile)
  return guest
}

const load = (guest: Sandbox, id: string, way: string, hold: string, stdin: string | Promise<string> = REQUEST) =>
  guest.run(['load', 'mysql', id, way, hold], { stdin })

async function standing(guest: Sandbox, state: string): Promise<void> {
  await mkdir(`${guest.root}/run/stillshot/holds/${HOLD}`, { recursive: true, mode: 0o700 })
  await guest.write(`run/stillshot/holds/${HOLD}/states`, `stopping 1\n${state} 2\n`)
  await guest.write(`run/stillshot/holds/${HOLD}/plan`, 'profile mysql.application\nend\n')
}

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`a load under ${shell}`, { concurrency: true }, () => {
    test('drops first, and raises the limit of the server only meanwhile', async (t) => {
      const guest = await openGuest(shell, t)
      const { status, stderr } = await load(guest, HOLD, 'drop', 'free')
      assert.equal(status, 0, stderr)
      assert.match(
        await guest.read('loaded'),
        /^SET .*;\nDROP DATABASE IF EXISTS `shop`;\nINSERT INTO t VALUES \(1\);\n$/,
      )
      assert.match(
        (await guest.read('calls')).replaceAll(/^.*(@@GLOBAL|SET GLOBAL|--binary-mode).*?(= \d+;)?$/gm, '$1 $2'),
        /@@GLOBAL \nSET GLOBAL[\s\S]*--binary-mode[\s\S]*SET GLOBAL/,
      )
      assert.equal((await guest.read('setting-max_allowed_packet')).trim(), '16777216')
    })

    test('switches the events of the server off, until a load was taken whole', async (t) => {
      const guest = await openGuest(shell, t)
      const events = async () => (await guest.read('setting-event_scheduler')).trim()
      const whole = `${REQUEST}SELECT 'stillshot-loaded';\n`
      await guest.write('setting-event_scheduler', 'ON\n')
      assert.equal((await load(guest, HOLD, 'drop', 'free', whole)).status, 0)
      assert.match(await guest.read('calls'), /event_scheduler = OFF[\s\S]*--binary-mode[\s\S]*event_scheduler = ON/)
      assert.equal(await events(), 'ON')
      await guest.write('refuses-statement')
      assert.equal((await load(guest, OTHER_HOLD, 'drop', 'free')).status, 1)
      assert.equal(await events(), 'OFF')
      await rm(`${guest.root}/refuses-statement`)
      assert.equal((await load(guest, OTHER_HOLD, 'back', 'free', whole)).status, 0)
      assert.equal(await events(), 'ON')
    })

    test('drops nothing without the hold, or where the limit cannot be raised', async (t) => {
      const guest = await openGuest(shell, t)
      const unheld = await load(guest, HOLD, 'drop', 'held')
      assert.match(unheld.stderr, /\(not-held\)$/m)
      await standing(guest, 'held')
      assert.equal((await load(guest, HOLD, 'drop', 'held')).status, 0)
      await standing(guest, 'expired')
      assert.match((await load(guest, HOLD, 'drop', 'held')).stderr, /\(not-held\)$/m)
      await guest.write('refuses-login')
      assert.match((await load(guest, OTHER_HOLD, 'drop', 'free')).stderr, /\(server-silent\)$/m)
      assert.match((await load(guest, OTHER_HOLD, 'back', 'free')).stderr, /\(nothing-dropped\)$/m)
    })

    test('puts back only what it had begun to drop, in this boot', async (t) => {
      const guest = await openGuest(shell, t)
      assert.match((await load(guest, OTHER_HOLD, 'back', 'free')).stderr, /\(nothing-dropped\)$/m)
      await assert.rejects(guest.read('loaded'))
      await load(guest, HOLD, 'drop', 'free')
      assert.equal((await load(guest, HOLD, 'back', 'free')).status, 0)
      const mark = await guest.read('var/stillshot/half')
      await guest.write('var/stillshot/half', mark.replace(/^boot \S+/m, 'boot another'))
      assert.match((await load(guest, HOLD, 'back', 'free')).stderr, /\(too-late\)$/m)
    })

    test('drops nothing that arrives after its own way back', async (t) => {
      const guest = await openGuest(shell, t)
      for (const _ of [1, 2]) {
        assert.match((await load(guest, OTHER_HOLD, 'back', 'free')).stderr, /\(nothing-dropped\)$/m)
      }
      assert.match((await load(guest, OTHER_HOLD, 'drop', 'free')).stderr, /\(load-over\)$/m)
      await assert.rejects(guest.read('loaded'))
      await assert.rejects(guest.read('var/stillshot/half'))
      assert.equal((await load(guest, HOLD, 'drop', 'free')).status, 0)
      assert.equal((await load(guest, HOLD, 'back', 'free')).status, 0)
      assert.match((await load(guest, HOLD, 'drop', 'free')).stderr, /\(load-over\)$/m)
    })

    test('takes accounts after the databases of the same run, and of no other', async (t) => {
      const guest = await openGuest(shell, t)
      await load(guest, HOLD, 'drop', 'free')
      const accounts = '\nCREATE USER u;\n'
      assert.equal((await load(guest, HOLD, 'drop', 'free', accounts)).status, 0)
      assert.match((await load(guest, OTHER_HOLD, 'drop', 'free', accounts)).stderr, /\(half-restored\)$/m)
    })

    test('ends an earlier one whose caller is gone without a word', async (t) => {
      const guest = await openGuest(shell, t)
      const left = spawn(`${guest.root}/stillshot-guest`, ['load', 'mysql', HOLD, 'drop', 'free'], {
        stdio: ['pipe', 'ignore', 'ignore'],
      })
      const ended = once(left, 'exit')
      t.after(() => left.stdin.end())
      left.stdin.write(REQUEST)
      await until(async () => (await guest.read('run/stillshot/loading')).includes('client'))
      assert.equal((await load(guest, HOLD, 'back', 'free')).status, 0)
      assert.deepEqual(await ended, [null, 'SIGKILL'])
      assert.equal((await guest.read('setting-max_allowed_packet')).trim(), '16777216')
    })
  })
}
