// runs beside other labs
import assert from 'node:assert/strict'
import { chmod, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { ProbeAnswer, ReleaseAnswer } from '../../../src/guest/protocol/answers.ts'
import { holdSchema } from '../../../src/guest/protocol/hold-schema.ts'
import { probeSchema } from '../../../src/guest/protocol/probe-schema.ts'
import { releaseSchema } from '../../../src/guest/protocol/release-schema.ts'
import {
  execute,
  HOLD,
  openSandbox,
  profileText,
  refusal,
  type Sandbox,
  SHELLS,
  type ShellName,
} from '../../adapters/guests/helper/sandbox.ts'
import { startFakeMysqlServer } from './fake-mysql-server.ts'

const holdWords = ['hold', 'mysql', HOLD, '60000', '10000'] as const

/** A guest whose client is the real one, and somebody else behind the socket that root's own option file names. */
async function withRealClient(shell: ShellName, t: TestContext): Promise<Sandbox> {
  const guest = await openSandbox(shell)
  t.after(() => guest.remove())
  await rm(join(guest.root, 'bin/mariadb'))
  await symlink('/usr/bin/mariadb', join(guest.root, 'bin/mariadb'))
  const options = join(guest.root, 'etc/client.cnf')
  await writeFile(options, `[client]\nsocket=${guest.root}/fake.sock\nlocal-infile=1\n`, { mode: 0o600 })
  const profile = profileText('mysql', 'component dbms auto 2 5', `defaults-file ${options}`)
  await writeFile(join(guest.root, 'etc/profiles/mysql'), profile, { mode: 0o644 })
  return guest
}

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`a server that lies under ${shell}`, { concurrency: true }, () => {
    test('gets no file of root’s from the client', async (t) => {
      const guest = await withRealClient(shell, t)
      await writeFile(join(guest.root, 'secret'), 'canary of root', { mode: 0o600 })
      const server = await startFakeMysqlServer(join(guest.root, 'fake.sock'), join(guest.root, 'secret'))
      t.after(() => server.close())
      const probe = await guest.answer<ProbeAnswer>(probeSchema, 'probe', 'mysql')
      assert.equal(probe.dbms?.reachable, false)
      assert.match(server.statements[0] ?? '', /SHOW GLOBAL VARIABLES/)
      assert.deepEqual(server.stolen, [])
      // The same client would have given it away, so that this test can see.
      await execute('/usr/bin/mariadb', [`--defaults-file=${guest.root}/etc/client.cnf`, '-e', 'LOAD DATA LOCAL'])
      assert.deepEqual(server.stolen, ['canary of root'])
    })

    test('whose answers never end keeps no release from starting everything', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      const client = await guest.read('bin/mariadb')
      await writeFile(join(guest.root, 'bin/mariadb'), client.replace("printf '1\\n'", "exec yes '1'"))
      await guest.answer(holdSchema, ...holdWords)
      const released = await guest.answer<ReleaseAnswer>(releaseSchema, 'release', HOLD)
      assert.equal(released.readyUptimeMs, null)
      assert.equal(await guest.unit('mariadb.service'), 'active')
    })

    test('who says that everything lies in another’s home is not read there', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      const client = await guest.read('bin/mariadb')
      const lie =
        "printf 'innodb_data_home_dir\\t/\\nlog_error\\t/etc/shadow\\ninnodb_data_file_path\\tetc/shadow:1M\\n'"
      await writeFile(join(guest.root, 'bin/mariadb'), client.replace(/printf 'log_error[^\n]*/, lie))
      const probe = await guest.answer<ProbeAnswer>(probeSchema, 'probe', 'mysql')
      assert.equal(probe.dbms?.errorLog, null)
    })

    test('an option file that somebody else could exchange is refused', async (t) => {
      const guest = await withRealClient(shell, t)
      await chmod(join(guest.root, 'etc'), 0o777)
      assert.equal(refusal(await guest.run(['probe', 'mysql'])), 'profile-invalid')
    })
  })
}
