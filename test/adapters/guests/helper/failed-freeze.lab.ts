// runs beside other labs
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { KeptAnswer } from '../../../../src/guest/protocol/answers.ts'
import { holdSchema } from '../../../../src/guest/protocol/hold-schema.ts'
import { keptSchema } from '../../../../src/guest/protocol/kept-schema.ts'
import { releaseSchema } from '../../../../src/guest/protocol/release-schema.ts'
import { AGENT, freeze, holdWords, openGuest, stateOf, thaw } from './freeze-sandbox.ts'
import { HOLD, type Sandbox, SHELLS, type ShellName, until } from './sandbox.ts'

/** Sorted, as the helper lists them: two that were made within the same second have no order of their own. */
const keptIds = async (guest: Sandbox) => (await guest.answer<KeptAnswer>(keptSchema, 'kept', '-')).freezes.toSorted()

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`freezes that failed under ${shell}`, { concurrency: 2 }, () => {
    test('a freeze that was killed, though its server stopped well, is evidence of nothing', async (t) => {
      const guest = await openGuest(shell)
      t.after(() => guest.remove())
      const stub = await guest.read('bin/systemctl')
      const gate = `while [ -f ${guest.root}/gate ]; do sleep 0.05; done`
      await guest.write('bin/systemctl', stub.replace('stop() {', `stop() {\n  ${gate}`))
      await guest.write('gate')
      const killed = spawn(join(guest.root, 'stillshot-guest'), ['freeze', AGENT], { stdio: 'ignore' })
      await until(async () => (await guest.read('calls')).includes('systemctl stop -- mariadb.service'), 60)
      killed.kill('SIGKILL')
      await rm(join(guest.root, 'gate'))
      const id = (await guest.read(`run/stillshot/freezes/${AGENT}/id`)).trim()
      await until(async () => (await stateOf(guest, id)) === 'held', 60)
      assert.equal((await thaw(guest)).kept, false)
      assert.deepEqual([await guest.unit('mariadb.service'), await keptIds(guest)], ['active', []])
    })

    test('a freeze during which another was asked for is evidence of nothing', async (t) => {
      const guest = await openGuest(shell)
      t.after(() => guest.remove())
      await freeze(guest)
      await assert.rejects(freeze(guest, 'vmware-tools'), /guest-locked/)
      const { known, kept } = await thaw(guest)
      assert.deepEqual([known, kept, await keptIds(guest)], [true, false, []])
      await freeze(guest)
      assert.equal((await thaw(guest)).kept, true)
    })

    test('a second thaw says that the agent had ended the freeze itself, which is evidence of nothing', async (t) => {
      const guest = await openGuest(shell)
      t.after(() => guest.remove())
      await freeze(guest)
      const { hold: first } = await thaw(guest)
      await thaw(guest, 'vmware-tools')
      assert.deepEqual(await keptIds(guest), [first])
      // One that is part of another hold has a thaw of its own.
      await guest.answer(holdSchema, ...holdWords)
      await freeze(guest)
      await thaw(guest)
      await guest.answer(releaseSchema, 'release', HOLD)
      await freeze(guest)
      const { hold } = await thaw(guest)
      assert.deepEqual(await keptIds(guest), [first, hold].toSorted())
      assert.deepEqual([(await thaw(guest)).known, (await thaw(guest)).known], [false, false])
      assert.deepEqual(await keptIds(guest), [first])
    })
  })
}
