import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { holdSchema } from '../../../../src/guest/protocol/hold-schema.ts'
import { releaseSchema } from '../../../../src/guest/protocol/release-schema.ts'
import { HOLD, openSandbox, refusal, SHELLS, type ShellName } from './sandbox.ts'

const holdWords = ['hold', 'mysql', HOLD, '60000', '10000'] as const
const dropIn = 'run/systemd/system/mariadb.service.d/zz-stillshot.conf'
const unlimited = '[Service]\nSendSIGKILL=no\nTimeoutStopSec=infinity\n'
const kills = 'SendSIGKILL=yes\nTimeoutStopUSec=1min 30s\n'

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
  })
}
