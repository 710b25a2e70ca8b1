// runs beside other labs
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { HOLD, openSandbox, SHELLS, type ShellName } from './sandbox.ts'

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`the forced command under ${shell}`, { concurrency: true }, () => {
    async function asked(t: { after(work: () => Promise<void>): void }, command: (self: string) => string) {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      const sudo = `#!/bin/sh\nfor word in "$@"; do printf '<%s>' "$word"; done\n`
      await writeFile(join(guest.root, 'bin/sudo'), sudo, { mode: 0o755 })
      const self = join(guest.root, 'stillshot-guest')
      const ran = await guest.run(['gate'], { env: { SSH_ORIGINAL_COMMAND: command(self) } })
      return { status: ran.status, stdout: ran.stdout.replaceAll(self, 'SELF') }
    }

    test('hands the verbs to sudo, word by word', async (t) => {
      const words = `<-n><SELF><hold><mysql><${HOLD}><60000><10000>`
      const line = `hold mysql ${HOLD} 60000 10000`
      assert.equal((await asked(t, () => line)).stdout, words)
      assert.equal((await asked(t, (self) => `sudo -n ${self} ${line}`)).stdout, words)
      assert.equal(
        (await asked(t, (self) => `'sudo' '-n' '${self}' 'hold' 'mysql' '${HOLD}' '60000' '10000'`)).stdout,
        words,
      )
    })

    test('lets nothing else through', async (t) => {
      const lines = [
        '',
        'sh',
        'sudo -n /bin/sh',
        'sudo -n -s',
        `release ${HOLD}; reboot`,
        `release ${HOLD} && reboot`,
        'release $(reboot)',
        `drill mysql ${HOLD} 60`,
        'release `reboot`',
        'release ../../etc',
        "release 'a b'",
        'status\nreboot',
        'status *',
        'gate',
        `expire ${HOLD}`,
        'internal-sftp',
        'sudo -n sudo -n status',
        `status ${'x'.repeat(400)}`,
      ]
      for (const line of lines) assert.deepEqual([line, await asked(t, () => line)], [line, { status: 2, stdout: '' }])
    })
  })
}
