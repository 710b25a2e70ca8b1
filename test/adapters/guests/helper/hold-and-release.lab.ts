// runs beside other labs
import assert from 'node:assert/strict'
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { CollectAnswer, HoldAnswer, ReleaseAnswer } from '../../../../src/guest/protocol/answers.ts'
import { holdSchema } from '../../../../src/guest/protocol/hold-schema.ts'
import { releaseSchema } from '../../../../src/guest/protocol/release-schema.ts'
import { collectSchema } from '../../../../src/guest/protocol/small-schemas.ts'
import { HOLD, openSandbox, profileText, refusal, SHELLS, type ShellName } from './sandbox.ts'

const holdWords = ['hold', 'mysql', HOLD, '60000', '10000'] as const

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`the helper under ${shell}`, { concurrency: true }, () => {
    test('holds, shows the stop, and brings back what ran', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      const held = await guest.answer<HoldAnswer>(holdSchema, ...holdWords)
      assert.equal(await guest.unit('mariadb.service'), 'inactive')
      assert.deepEqual([held.synced, held.watchdogArmed, held.components[0]?.blockedBy], [true, true, 'drop-in'])
      assert.equal(held.components[0]?.activeState, 'inactive')
      assert.match(Buffer.from(held.dbms?.log.textBase64 ?? '', 'base64').toString(), /^mariadbd: Shutdown complete\n$/)
      assert.deepEqual(held.dbms?.redo?.tail, { offset: 12_304, hex: `7461696c${'00'.repeat(508)}` })
      assert.deepEqual(
        held.dbms?.redo?.checkpoints.map(({ offset, hex }) => [offset, hex.slice(0, 16)]),
        [
          [512, '0000000000000000'],
          [1536, '0000000000000000'],
          [4096, '0000000000003010'],
          [8192, '0000000000000000'],
        ],
      )
      assert.deepEqual(
        held.dbms?.files.map(({ role, headHex }) => [role, headHex.length]),
        [
          ['redo', 128],
          ['system-tablespace', 128],
          ['aria-control', 104],
        ],
      )
      assert.ok(held.markers.some(({ written }) => written))
      assert.match(await guest.read('var/stillshot/stillshot-marker'), new RegExp(`^${HOLD} `))

      const released = await guest.answer<ReleaseAnswer>(releaseSchema, 'release', HOLD)
      assert.equal(await guest.unit('mariadb.service'), 'active')
      assert.equal(released.fence?.watchdog, 'armed')
      assert.deepEqual(released.fence?.redo, held.dbms?.redo)
      assert.deepEqual(released.fence?.files, held.dbms?.files)
      assert.ok(released.readyUptimeMs !== null && released.watchdogDisarmed)
      assert.equal(await guest.unit(`stillshot-watchdog-${HOLD}.timer`), 'inactive')
    })

    test('the sync that waits from before the stop comes after it', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      const sync = `#!/bin/sh\nprintf 'sync %s\\n' "$*" >>${guest.root}/calls\nexec /usr/bin/sync "$@"\n`
      await guest.write('bin/sync', sync)
      await chmod(join(guest.root, 'bin/sync'), 0o755)
      const { synced } = await guest.answer<HoldAnswer>(holdSchema, ...holdWords)
      assert.equal(synced, true)
      const acts = (await guest.read('calls')).match(/^(systemctl stop|sync -f --) .*$/gm)
      assert.deepEqual(
        acts?.map((act) => act.split(' ').slice(0, 3).join(' ')),
        ['systemctl stop --', 'sync -f --'],
      )
    })

    test('answers again what it answered, to hold and to release', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      const first = await guest.run(holdWords)
      assert.equal((await guest.run(holdWords)).stdout, first.stdout)
      const released = await guest.run(['release', HOLD])
      assert.equal((await guest.run(['release', HOLD])).stdout, released.stdout)
      const calls = await guest.read('calls')
      assert.equal(calls.match(/^systemctl stop -- mariadb\.service$/gm)?.length, 1)
      assert.equal(refusal(await guest.run(holdWords)), 'released-before')
      const saved = await guest.answer<CollectAnswer>(collectSchema, 'collect', HOLD)
      assert.deepEqual(saved.holdAnswer, JSON.parse(first.stdout))
      assert.deepEqual(saved.releaseAnswer, JSON.parse(released.stdout))
    })

    test('stops in order with triggers and dependents, and starts in reverse only what ran', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await mkdir(join(guest.root, 'etc/profiles'), { recursive: true })
      const lines = ['component unit cron 5 5', 'component unit web 5 5', 'component dbms auto 2 5']
      await guest.write('etc/profiles/idoit', profileText('idoit', ...lines))
      await guest.write('units/cron.service', 'inactive\n')
      await guest.write('units/web.service', 'active\n')
      await guest.write('units/web.socket', 'active\n')
      await guest.write('units/app.service', 'active\n')
      await guest.write('units/idle.service', 'inactive\n')
      await guest.write('units/web.service.props', 'TriggeredBy=web.socket\n')
      await guest.write('units/mariadb.service.props', 'RequiredBy=app.service idle.service\n')
      const held = await guest.answer<HoldAnswer>(holdSchema, 'hold', 'idoit', HOLD, '60000', '10000')
      assert.deepEqual(held.components.at(2)?.dependents, [
        { unit: 'app.service', active: true },
        { unit: 'idle.service', active: false },
      ])
      await guest.write('units/app.service', 'inactive\n') // as systemd does with what requires a unit that stops
      await guest.answer(releaseSchema, 'release', HOLD)
      const acts = (await guest.read('calls')).match(/^systemctl (start|stop) .*service$/gm)
      assert.deepEqual(acts, [
        'systemctl stop -- web.socket web.service',
        'systemctl stop -- mariadb.service',
        'systemctl start -- mariadb.service',
        'systemctl start -- app.service',
        'systemctl start -- web.socket web.service',
      ])
      assert.equal(await guest.unit('cron.service'), 'inactive')
    })
  })
}
