// runs beside other labs
import assert from 'node:assert/strict'
import { chmod, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { holdSchema } from '../../../../src/guest/protocol/hold-schema.ts'
import { HOLD, openSandbox, SHELLS, type ShellName } from './sandbox.ts'

const COLLECT = 'CollectMode=inactive-or-failed'

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`the watchdog's unit under ${shell}`, { concurrency: true }, () => {
    test('is forgotten by systemd however it ends', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await guest.answer(holdSchema, 'hold', 'mysql', HOLD, '60000', '10000')
      assert.match(await guest.read('calls'), new RegExp(`^systemd-run .*--property=${COLLECT} .*expire ${HOLD}$`, 'm'))
    })

    test('is armed where systemd is too old to know how to forget it', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await rename(join(guest.root, 'bin/systemd-run'), join(guest.root, 'bin/newer-systemd-run'))
      const older = `#!/bin/sh\ncase $* in *${COLLECT}*) exit 1 ;; esac\nexec ${guest.root}/bin/newer-systemd-run "$@"\n`
      await guest.write('bin/systemd-run', older)
      await chmod(join(guest.root, 'bin/systemd-run'), 0o755)
      await guest.answer(holdSchema, 'hold', 'mysql', HOLD, '60000', '10000')
      const calls = (await guest.read('calls')).split('\n').filter((line) => line.startsWith('systemd-run '))
      assert.equal(calls.length, 1)
      assert.match(calls[0] ?? '', /--timer-property=PropagatesReloadTo=mariadb\.service/)
    })
  })
}
