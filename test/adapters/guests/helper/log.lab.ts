// runs beside other labs
import assert from 'node:assert/strict'
import { chmod, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { ComeBackAnswer, HoldAnswer, LogFacts } from '../../../../src/guest/protocol/answers.ts'
import { comeBackSchema } from '../../../../src/guest/protocol/come-back-schema.ts'
import { holdSchema } from '../../../../src/guest/protocol/hold-schema.ts'
import { execute, HOLD, openSandbox, type Sandbox, SHELLS, type ShellName } from './sandbox.ts'

async function open(shell: ShellName, t: TestContext): Promise<Sandbox> {
  const guest = await openSandbox(shell)
  t.after(() => guest.remove())
  return guest
}

async function comeBackLog(guest: Sandbox): Promise<LogFacts | undefined> {
  return (await guest.answer<ComeBackAnswer>(comeBackSchema, 'come-back', 'mysql', '-')).dbms?.log
}

const text = (log: LogFacts | undefined): string => Buffer.from(log?.textBase64 ?? '', 'base64').toString()

const asRoot = process.getuid?.() === 0

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`the log under ${shell}`, { concurrency: true }, () => {
    test('what the server wrote since it started is shown', async (t) => {
      const guest = await open(shell, t)
      await guest.write('error.log', 'old\nStarting MariaDB 10.11 as process 7\nready\n')
      assert.equal(text(await comeBackLog(guest)), 'Starting MariaDB 10.11 as process 7\nready\n')
    })

    test('a log that is a link is not read', async (t) => {
      const guest = await open(shell, t)
      await rename(join(guest.root, 'error.log'), join(guest.root, 'secret'))
      await symlink('secret', join(guest.root, 'error.log'))
      const log = await comeBackLog(guest)
      assert.deepEqual([log?.source, text(log)], ['none', ''])
    })

    test('a log that is a pipe is not waited for', async (t) => {
      const guest = await open(shell, t)
      await rm(join(guest.root, 'error.log'))
      await execute('mkfifo', [join(guest.root, 'error.log')])
      assert.equal((await comeBackLog(guest))?.source, 'none')
    })

    test("a file of root's that others may not read is no log", { skip: !asRoot && 'needs root' }, async (t) => {
      const guest = await open(shell, t)
      await chmod(join(guest.root, 'error.log'), 0o640)
      assert.equal((await comeBackLog(guest))?.source, 'none')
    })

    test('a log that became a link while the server stopped is read where it was', async (t) => {
      const guest = await open(shell, t)
      const stub = join(guest.root, 'bin/systemctl')
      const swap = `mv ${guest.root}/error.log ${guest.root}/error.log.1; ln -s ${guest.root}/secret ${guest.root}/error.log`
      const last = `complete\\n' >>"$root/error.log"`
      const content = (await readFile(stub, 'utf8')).replace(last, () => `${last}\n    ${swap}`)
      assert.ok(content.includes(swap))
      await writeFile(stub, content)
      await guest.write('secret', 'of root\n')
      const { dbms } = await guest.answer<HoldAnswer>(holdSchema, 'hold', 'mysql', HOLD, '60000', '10000')
      assert.equal(text(dbms?.log), 'mariadbd: Shutdown complete\n')
    })

    test('a pipe put in the place of the log at the last moment ends the verb', async (t) => {
      const guest = await open(shell, t)
      await rm(join(guest.root, 'error.log'))
      await execute('mkfifo', [join(guest.root, 'error.log')])
      const helper = await guest.read('stillshot-guest')
      const look = '[ ! -L "$1" ] && [ -f "$1" ] || return 1'
      assert.ok(helper.includes(look) && helper.includes('(sleep 5 '))
      const unchecked = helper.replace(look, ':').replace('(sleep 5 ', '(sleep 0.2 ')
      await writeFile(join(guest.root, 'stillshot-guest'), unchecked)
      assert.equal((await guest.run(['hold', 'mysql', HOLD, '60000', '10000'])).status, null)
      assert.equal(await guest.unit('mariadb.service'), 'active')
    })
  })
}
