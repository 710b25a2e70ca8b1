// runs beside other labs
import assert from 'node:assert/strict'
import { chmod, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { HoldAnswer, ProbeAnswer } from '../../../../src/guest/protocol/answers.ts'
import { holdSchema } from '../../../../src/guest/protocol/hold-schema.ts'
import { probeSchema } from '../../../../src/guest/protocol/probe-schema.ts'
import { HOLD, openSandbox, type Sandbox, SHELLS, type ShellName } from './sandbox.ts'

async function open(shell: ShellName, t: TestContext): Promise<Sandbox> {
  const guest = await openSandbox(shell)
  t.after(() => guest.remove())
  return guest
}

const hold = (guest: Sandbox): Promise<HoldAnswer> =>
  guest.answer<HoldAnswer>(holdSchema, 'hold', 'mysql', HOLD, '60000', '10000')

const probe = (guest: Sandbox): Promise<ProbeAnswer> => guest.answer<ProbeAnswer>(probeSchema, 'probe', 'mysql')

/** A process that holds files open. */
async function opener(guest: Sandbox, command: string, ...paths: readonly string[]): Promise<void> {
  const folder = join(guest.root, 'proc/4711')
  await mkdir(join(folder, 'fd'), { recursive: true })
  await writeFile(join(folder, 'comm'), `${command}\n`)
  for (const [number, path] of paths.entries()) await symlink(path, join(folder, 'fd', `${number}`))
}

/** The server answers other variables, by lines "name<TAB>value" before the ones that it always answers. */
async function say(guest: Sandbox, ...lines: readonly string[]): Promise<void> {
  const path = join(guest.root, 'bin/mariadb')
  const added = `*'SHOW GLOBAL VARIABLES'*)\n    printf '${lines.map((line) => `${line}\\n`).join('')}'`
  await writeFile(path, (await readFile(path, 'utf8')).replace("*'SHOW GLOBAL VARIABLES'*)", added))
}

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`the evidence under ${shell}`, { concurrency: true }, () => {
    test('a data directory that is a link counts its open files, and shows what lies elsewhere', async (t) => {
      const guest = await open(shell, t)
      await rename(join(guest.root, 'data'), join(guest.root, 'real'))
      await symlink('real', join(guest.root, 'data'))
      await mkdir(join(guest.root, 'elsewhere'))
      await symlink(join(guest.root, 'elsewhere'), join(guest.root, 'real/shop'))
      await opener(guest, 'sleep', join(guest.root, 'real/ibdata1'))
      const { dbms } = await probe(guest)
      assert.ok(dbms?.directories.some(({ role, path }) => role === 'table' && path === join(guest.root, 'elsewhere')))
      assert.equal((await hold(guest)).dbms?.openFiles, 1)
    })

    test('what reads the evidence itself is not taken for somebody who holds the files open', async (t) => {
      const guest = await open(shell, t)
      const counted = `${guest.root}/run/stillshot/holds/${HOLD}/open`
      const reader = `#!/bin/sh\nmkdir -p ${guest.root}/proc/4712/fd && ln -s ${guest.root}/data/ib_logfile0 ${guest.root}/proc/4712/fd/3
        until [ -s ${counted} ]; do sleep 0.01; done\nrm -r ${guest.root}/proc/4712\nexec /usr/bin/od "$@"\n`
      // The count begins when the reader is there, as it does by chance on a real guest.
      const find = `#!/bin/sh\ncase $* in *"/fd "*) until [ -L ${guest.root}/proc/4712/fd/3 ] || [ -s ${counted} ]; do sleep 0.01; done
        [ -s ${counted} ] || set -- ${guest.root}/proc/4712/fd "$@" ;; esac\nexec /usr/bin/find "$@"\n`
      for (const [name, text] of Object.entries({ od: reader, find })) {
        await guest.write(`bin/${name}`, text)
        await chmod(join(guest.root, 'bin', name), 0o755)
      }
      assert.equal((await hold(guest)).dbms?.openFiles, 0)
      assert.notEqual(await guest.read(`run/stillshot/holds/${HOLD}/open`), '0\n', 'it was seen at first')
    })

    test('a count of open files that could not be written is unknown', async (t) => {
      const guest = await open(shell, t)
      const full = `#!/bin/sh\ncase $* in *"/fd "*) : >${guest.root}/kept; rm ${guest.root}/run/stillshot/holds/${HOLD}/open
        : >${guest.root}/run/stillshot/holds/${HOLD}/open ;; *) exec /usr/bin/find "$@" ;; esac\n`
      await guest.write('bin/find', full)
      await chmod(join(guest.root, 'bin/find'), 0o755)
      await opener(guest, 'sleep')
      assert.equal((await hold(guest)).dbms?.openFiles, null)
    })

    test('an error log inside the data directory is none of its open files', async (t) => {
      const guest = await openSandbox(shell, { proc: '/proc' })
      t.after(async () => {
        await guest.run(['release', HOLD])
        await guest.remove()
      })
      await rename(join(guest.root, 'error.log'), join(guest.root, 'data/error[1].err'))
      await symlink('data/error[1].err', join(guest.root, 'error.log'))
      await say(guest, 'log_error\\terror[1].err')
      const { dbms } = await hold(guest)
      assert.deepEqual([dbms?.openFiles, dbms?.log.source], [0, 'file'])
      assert.match(Buffer.from(dbms?.log.textBase64 ?? '', 'base64').toString(), /^mariadbd: Shutdown complete\n$/)
    })

    test('files in the other directories of the server are counted, whatever their names', async (t) => {
      const guest = await open(shell, t)
      await mkdir(join(guest.root, 'undo [*]\\ ?'))
      await mkdir(join(guest.root, 'binlog'))
      await say(
        guest,
        `innodb_undo_directory\\t${guest.root}/undo [*]\\\\ ?`,
        `log_bin_basename\\t${guest.root}/binlog/bin`,
      )
      const paths = ['undo [*]\\ ?/undo001', 'undo *\\ x/undo002', 'binlog/bin.000001', 'other/file']
      await opener(guest, 'sleep', ...paths.map((path) => join(guest.root, path)))
      assert.equal((await hold(guest)).dbms?.openFiles, 2)
    })

    test("the logs of Aria are looked for where the server's variable says", async (t) => {
      const guest = await open(shell, t)
      await mkdir(join(guest.root, 'aria'))
      await rename(join(guest.root, 'data/aria_log_control'), join(guest.root, 'aria/aria_log_control'))
      await say(guest, `aria_log_dir_path\\t${guest.root}/aria/`)
      const { dbms } = await probe(guest)
      assert.ok(dbms?.directories.some(({ role, path }) => role === 'aria' && path === join(guest.root, 'aria')))
      const files = (await hold(guest)).dbms?.files
      assert.equal(files?.at(-1)?.path, join(guest.root, 'aria/aria_log_control'))
      assert.match(await guest.read('calls'), /SHOW GLOBAL VARIABLES.*'aria_log_dir_path'/)
    })

    for (const [command, seen] of [
      ['mysqld.bin', true],
      ['mariadbd "x"', true],
      ['mysqld_exporter', false],
    ] as const) {
      test(`${command} is ${seen ? 'a' : 'no'} server's process`, async (t) => {
        const guest = await open(shell, t)
        await opener(guest, command)
        assert.deepEqual((await hold(guest)).dbms?.processes, seen ? [{ pid: 4711, command }] : [])
      })
    }
  })
}
