// runs beside other labs
import assert from 'node:assert/strict'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { HoldAnswer } from '../../../../src/guest/protocol/answers.ts'
import { holdSchema } from '../../../../src/guest/protocol/hold-schema.ts'
import { releaseSchema } from '../../../../src/guest/protocol/release-schema.ts'
import { execute, HOLD, openSandbox, refusal, SHELLS, type ShellName, until } from './sandbox.ts'

const holdWords = ['hold', 'mysql', HOLD, '60000', '10000'] as const

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`the helper in a broken guest under ${shell}`, { concurrency: true }, () => {
    for (const verb of ['expire', 'release']) {
      test(`${verb} starts everything though the helper's memory is no directory any more`, async (t) => {
        const guest = await openSandbox(shell)
        t.after(() => guest.remove())
        await guest.answer(holdSchema, ...holdWords)
        await rm(join(guest.root, 'var/stillshot'), { recursive: true })
        await guest.write('var/stillshot')
        const { status, stdout } = await guest.run([verb, HOLD])
        assert.equal(status, 0, stdout)
        assert.equal(await guest.unit('mariadb.service'), 'active')
      })
    }

    test('a block that cannot be written refuses the hold', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await guest.run(['status'])
      await mkdir(join(guest.root, 'run/stillshot/blocked'))
      assert.equal(refusal(await guest.run(holdWords)), 'block-failed')
      assert.equal(await guest.unit('mariadb.service'), 'active')
    })

    test('a good answer ends with 0 though it could not be saved, nor its times remembered', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await guest.run(['probe', 'mysql'])
      await mkdir(join(guest.root, 'var/stillshot/times'))
      await guest.answer(holdSchema, ...holdWords)
      await mkdir(join(guest.root, 'run/stillshot/holds', HOLD, 'release.json'))
      await guest.answer(releaseSchema, 'release', HOLD)
    })

    test('a hold whose answer nobody reads keeps no release waiting', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await guest.write('last-words', 'a line\n'.repeat(20_000))
      const reader = `{ until [ -e ${guest.root}/read ]; do sleep 0.05; done; cat; }`
      const held = execute('/bin/sh', ['-c', `${guest.root}/stillshot-guest ${holdWords.join(' ')} | ${reader}`])
      try {
        await until(async () => JSON.parse(await guest.read(`run/stillshot/holds/${HOLD}/hold.json`)).ok === true)
        await guest.answer(releaseSchema, 'release', HOLD)
      } finally {
        await guest.write('read')
      }
      const { stdout } = await held
      assert.ok(stdout.length > 65_536, `${stdout.length} bytes do not fill a pipe`)
    })

    for (const [property, unit] of [
      ['RequiredBy', 'app.service'],
      ['TriggeredBy', 'mariadb.socket'],
    ] as const) {
      test(`a release that could not start ${unit} again says so, and leaves the watchdog armed`, async (t) => {
        const guest = await openSandbox(shell)
        t.after(() => guest.remove())
        await guest.write(`units/${unit}`, 'active\n')
        await guest.write('units/mariadb.service.props', `${property}=${unit}\n`)
        await guest.answer(holdSchema, ...holdWords)
        await guest.write(`units/${unit}`, 'failed\n')
        await guest.write(`units/${unit}.fails`)
        const released = await guest.run(['release', HOLD])
        assert.equal(refusal(released), 'start-failed')
        assert.match(released.stdout, new RegExp(`${unit} is failed`))
        assert.equal(await guest.unit(`stillshot-watchdog-${HOLD}.timer`), 'active')
      })
    }

    test('a dependent that was just starting is started again, and not missed when it ends by itself', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await guest.write('units/report.service', 'activating\n')
      await guest.write('units/mariadb.service.props', 'RequiredBy=report.service\n')
      const held = await guest.answer<HoldAnswer>(holdSchema, ...holdWords)
      assert.deepEqual(held.components[0]?.dependents, [{ unit: 'report.service', active: true }])
      await guest.write('units/report.service', 'inactive\n')
      await guest.write('units/report.service.fails')
      await guest.answer(releaseSchema, 'release', HOLD)
      assert.match(await guest.read('calls'), /^systemctl start -- report\.service$/m)
    })
  })
}
