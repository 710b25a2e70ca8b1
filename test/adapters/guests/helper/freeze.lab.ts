// runs beside other labs
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { KeptAnswer, KeptFreeze, StatusAnswer, ThawAnswer } from '../../../../src/guest/protocol/answers.ts'
import { comeBackSchema } from '../../../../src/guest/protocol/come-back-schema.ts'
import { holdSchema } from '../../../../src/guest/protocol/hold-schema.ts'
import { forgetSchema, keptSchema } from '../../../../src/guest/protocol/kept-schema.ts'
import { probeSchema } from '../../../../src/guest/protocol/probe-schema.ts'
import { releaseSchema } from '../../../../src/guest/protocol/release-schema.ts'
import { statusSchema } from '../../../../src/guest/protocol/small-schemas.ts'
import { compileSchema } from '../../../../src/json-schema/compile.ts'
import { AGENT, freeze, holdWords, openGuest, stateOf, thaw } from './freeze-sandbox.ts'
import { HOLD, profileText, refusal, type Sandbox, SHELLS, type ShellName, until } from './sandbox.ts'

const server = (guest: Sandbox) => guest.unit('mariadb.service')

/** The one freeze that is kept. */
async function kept(guest: Sandbox): Promise<KeptFreeze> {
  const { freezes } = await guest.answer<KeptAnswer>(keptSchema, 'kept', '-')
  assert.equal(freezes.length, 1, freezes.join(' '))
  const answer = await guest.answer<KeptAnswer>(keptSchema, 'kept', freezes[0] ?? '')
  assert.ok(answer.freeze)
  return answer.freeze
}

async function keptIds(guest: Sandbox): Promise<readonly string[]> {
  return (await guest.answer<KeptAnswer>(keptSchema, 'kept', '-')).freezes
}

async function nothingIsLeft(guest: Sandbox): Promise<void> {
  assert.equal(await server(guest), 'active')
  assert.deepEqual(await readdir(join(guest.root, 'run/stillshot/freezes')).catch(() => []), [])
  const { holds } = await guest.answer<StatusAnswer>(statusSchema, 'status')
  assert.deepEqual(
    holds.filter(({ state }) => ['stopping', 'held', 'releasing'].includes(state)),
    [],
  )
  assert.deepEqual(await keptIds(guest), [])
}

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`freeze and thaw under ${shell}`, { concurrency: 3 }, () => {
    test('stop the server, start it again, and keep evidence until it is forgotten', async (t) => {
      const guest = await openGuest(shell)
      t.after(() => guest.remove())
      const { joined } = await freeze(guest)
      assert.deepEqual([joined, await server(guest)], [null, 'inactive'])
      const thawed = await thaw(guest)
      assert.deepEqual([thawed.known, thawed.kept, await server(guest)], [true, true, 'active'])
      const { id, source, profile, calledWallMs, calledUptimeMs, ...answers } = await kept(guest)
      assert.deepEqual([id, source, profile], [thawed.hold, AGENT, 'mysql'])
      assert.match(await guest.read('var/stillshot/stillshot-marker'), new RegExp(`^${id} `))
      assert.ok(Math.abs(Date.now() - calledWallMs) < 60_000 && calledUptimeMs <= thawed.uptimeMs)
      const schemas = {
        probe: probeSchema,
        holdAnswer: holdSchema,
        releaseAnswer: releaseSchema,
        comeBack: comeBackSchema,
      }
      for (const [name, schema] of Object.entries(schemas)) {
        assert.ok(compileSchema(schema)(answers[name as keyof typeof schemas]), name)
      }
      await guest.answer(forgetSchema, 'forget', id)
      await guest.answer(forgetSchema, 'forget', id)
      await nothingIsLeft(guest)
    })

    test('a hold’s id is a ULID of its moment', async (t) => {
      const guest = await openGuest(shell)
      t.after(() => guest.remove())
      const before = Date.now()
      const { hold } = await freeze(guest)
      await thaw(guest)
      const time = [...hold.slice(0, 10)].reduce((sum, digit) => sum * 32 + DIGITS.indexOf(digit), 0)
      assert.ok(time >= before - 1000 && time <= Date.now() + 1000, `${hold}: ${time}`)
    })

    test('a thaw ends neither a hold of stillshot’s nor another caller’s freeze', async (t) => {
      const guest = await openGuest(shell)
      t.after(() => guest.remove())
      await guest.answer(holdSchema, ...holdWords)
      assert.deepEqual((await thaw(guest)).known, false)
      assert.deepEqual([await server(guest), await stateOf(guest, HOLD)], ['inactive', 'held'])
      await guest.answer(releaseSchema, 'release', HOLD)
      const { hold } = await freeze(guest)
      assert.deepEqual((await thaw(guest, 'vmware-tools')).known, false)
      assert.equal(await stateOf(guest, hold), 'held')
      assert.equal(refusal(await guest.run(['freeze', 'vmware-tools'])), 'guest-locked')
      assert.deepEqual((await thaw(guest, 'vmware-tools')).known, false)
      assert.equal(await stateOf(guest, hold), 'held')
      await thaw(guest)
    })

    test('a freeze while stillshot holds the guest is part of that hold', async (t) => {
      const guest = await openGuest(shell)
      t.after(() => guest.remove())
      await guest.answer(holdSchema, ...holdWords)
      assert.equal((await freeze(guest)).joined, HOLD)
      assert.equal((await thaw(guest)).known, false)
      assert.deepEqual([await server(guest), await stateOf(guest, HOLD)], ['inactive', 'held'])
      await guest.answer(releaseSchema, 'release', HOLD)
      await nothingIsLeft(guest)
    })

    test('a freeze that cannot be clean fails, says why, and leaves nothing stopped', async (t) => {
      const guest = await openGuest(shell)
      t.after(() => guest.remove())
      await writeFile(join(guest.root, 'bin/sync'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
      const ran = await guest.run(['freeze', AGENT])
      assert.equal(refusal(ran), 'unclean')
      assert.match(ran.stderr, /^stillshot-guest: freeze refused: not every file system was synced\n$/)
      assert.match(await guest.read('calls'), /^logger -t stillshot-guest -- freeze refused: not every/m)
      assert.match(await guest.read('calls'), /^systemctl stop -- mariadb\.service$/m)
      await nothingIsLeft(guest)
    })

    test('a freeze fails when a component ends badly', async (t) => {
      const guest = await openGuest(shell)
      t.after(() => guest.remove())
      const stub = await guest.read('bin/systemctl')
      const bad = stub.replace('printf \'inactive\\n\' >"$root/units/$1"', 'printf \'failed\\n\' >"$root/units/$1"')
      assert.notEqual(bad, stub)
      await guest.write('bin/systemctl', bad)
      assert.equal(refusal(await guest.run(['freeze', AGENT])), 'unclean')
      await nothingIsLeft(guest)
    })

    test('a server that would not stop cleanly, or one more beside it, is not stopped', async (t) => {
      const guest = await openGuest(shell)
      t.after(() => guest.remove())
      const client = await guest.read('bin/mariadb')
      await guest.write('bin/mariadb', client.replace("printf 'version", "printf 'innodb_fast_shutdown\\t2\\nversion"))
      assert.equal(refusal(await guest.run(['freeze', AGENT])), 'unclean')
      assert.doesNotMatch(await guest.read('calls'), /^systemctl stop/m)
      await nothingIsLeft(guest)
      await guest.write('bin/mariadb', client)
      await mkdir(join(guest.root, 'proc/77'))
      await guest.write('proc/77/comm', 'mariadbd\n')
      assert.equal(refusal(await guest.run(['freeze', AGENT])), 'unclean')
      await nothingIsLeft(guest)
    })

    test('a server that does not stop in its time is started again and the freeze fails', async (t) => {
      const guest = await openGuest(shell)
      t.after(() => guest.remove())
      await guest.write('never-stops')
      await guest.write('etc/profiles/mysql', profileText('mysql', 'component dbms auto 1 5'))
      assert.equal(refusal(await guest.run(['freeze', AGENT])), 'stop-timeout')
      assert.match(await guest.read('calls'), /^systemctl start --no-block -- mariadb\.service$/m)
      await rm(join(guest.root, 'never-stops'))
      await thaw(guest)
      assert.equal(await server(guest), 'active')
    })

    test('a freeze that lasts too long is ended by the watchdog, file systems first, and its thaw keeps that', async (t) => {
      const guest = await openGuest(shell)
      t.after(() => guest.remove())
      const { hold } = await freeze(guest)
      assert.equal((await guest.run(['expire', hold])).status, 0)
      assert.equal(await server(guest), 'active')
      const calls = await guest.read('calls')
      const [unfrozen, started] = [/^fsfreeze --unfreeze \//m, /^systemctl start/m].map((call) => calls.search(call))
      assert.ok(unfrozen !== undefined && started !== undefined && unfrozen !== -1 && unfrozen < started, calls)
      assert.equal((await thaw(guest)).kept, true)
      const { releaseAnswer } = await kept(guest)
      assert.equal((releaseAnswer as { fence: { watchdog: string } }).fence.watchdog, 'fired')
    })

    test('the watchdog of a hold that nothing froze leaves file systems alone', async (t) => {
      const guest = await openGuest(shell)
      t.after(() => guest.remove())
      await guest.answer(holdSchema, ...holdWords)
      assert.equal((await guest.run(['expire', HOLD])).status, 0)
      assert.doesNotMatch(await guest.read('calls'), /^fsfreeze/m)
    })

    test('a caller that freezes again has ended its former freeze, which is evidence of nothing', async (t) => {
      const guest = await openGuest(shell)
      t.after(() => guest.remove())
      const first = await freeze(guest)
      const second = await freeze(guest)
      assert.equal(await stateOf(guest, first.hold), 'released')
      assert.equal(await stateOf(guest, second.hold), 'held')
      assert.deepEqual(await keptIds(guest), [])
      await thaw(guest)
      assert.deepEqual(await keptIds(guest), [second.hold])
      assert.equal(await server(guest), 'active')
    })

    test('a caller that died or gave up while the server was stopped gets no hold', async (t) => {
      const guest = await openGuest(shell)
      t.after(() => guest.remove())
      // The stop lasts until it is let go.
      const stub = await guest.read('bin/systemctl')
      const gate = `while [ -f ${guest.root}/gate ]; do sleep 0.05; done`
      await guest.write('bin/systemctl', stub.replace('stop() {', `stop() {\n  ${gate}`))
      for (const end of ['caller', 'freeze'] as const) {
        await guest.write('gate')
        await guest.write('calls')
        const helper = `${guest.root}/stillshot-guest freeze ${AGENT} & echo $!; wait`
        const caller = spawn('sh', ['-c', helper], { stdio: ['ignore', 'pipe', 'ignore'] })
        const [line] = (await once(caller.stdout.setEncoding('utf8'), 'data')) as [string]
        await until(async () => (await guest.read('calls')).includes('systemctl stop -- mariadb.service'), 60)
        process.kill(end === 'caller' ? (caller.pid ?? 0) : Number(line), end === 'caller' ? 'SIGKILL' : 'SIGTERM')
        // Told to end, it does so at once: whoever told it ends it for good soon.
        await until(async () => caller.signalCode !== null || caller.exitCode !== null)
        await rm(join(guest.root, 'gate'))
        await until(async () => {
          await nothingIsLeft(guest)
          return true
        }, 60)
      }
    })

    test('settings that others can write, and callers without a name, stop nothing', async (t) => {
      const guest = await openGuest(shell)
      t.after(() => guest.remove())
      await chmod(join(guest.root, 'etc/freeze'), 0o666)
      assert.equal(refusal(await guest.run(['freeze', AGENT])), 'profile-unsafe')
      await rm(join(guest.root, 'etc/freeze'))
      assert.equal(refusal(await guest.run(['freeze', AGENT])), 'freeze-unset')
      for (const words of [['freeze'], ['freeze', '../x'], ['thaw', ''], ['kept', 'x'], ['forget', '../times']]) {
        assert.equal((await guest.run(words)).status, 2, words.join(' '))
      }
      await nothingIsLeft(guest)
    })

    test('the newest twenty are kept', async (t) => {
      const guest = await openGuest(shell)
      t.after(() => guest.remove())
      await guest.run(['version'])
      await mkdir(join(guest.root, 'var/stillshot/frozen'), { recursive: true, mode: 0o700 })
      const old = Array.from({ length: 20 }, (_, index) => `01JDABCDEFGHJKMNPQRSTVWX${String(index).padStart(2, '0')}`)
      for (const id of old) await guest.write(`var/stillshot/frozen/${id}`, '{}\n')
      const { hold } = await freeze(guest)
      await thaw(guest)
      const { freezes } = await guest.answer<KeptAnswer>(keptSchema, 'kept', '-')
      assert.deepEqual(freezes, [...old.slice(1), hold])
    })

    test('evidence that cannot be written is lost without harm', async (t) => {
      const guest = await openGuest(shell)
      t.after(() => guest.remove())
      await freeze(guest)
      await writeFile(join(guest.root, 'bin/mv'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
      assert.deepEqual(((await thaw(guest)) as ThawAnswer).kept, false)
      await rm(join(guest.root, 'bin/mv'))
      await nothingIsLeft(guest)
      assert.deepEqual(await readdir(join(guest.root, 'var/stillshot/frozen')), [])
    })
  })
}

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
