// runs beside other labs
import assert from 'node:assert/strict'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { HoldAnswer, ReleaseAnswer } from '../../../src/guest/protocol/answers.ts'
import { holdSchema } from '../../../src/guest/protocol/hold-schema.ts'
import { probeSchema } from '../../../src/guest/protocol/probe-schema.ts'
import { releaseSchema } from '../../../src/guest/protocol/release-schema.ts'
import {
  execute,
  HOLD,
  OTHER_HOLD,
  openSandbox,
  profileText,
  type Ran,
  refusal,
  type Sandbox,
  SHELLS,
  type ShellName,
  until,
} from '../../adapters/guests/helper/sandbox.ts'

const holdWords = `hold mysql ${HOLD} 60000 10000`

/** What sudo passes on of a caller: limits, signals, open files, the place where he stands. `$helper` is the program. */
function called(guest: Sandbox, line: string): Promise<Ran> {
  return execute('/bin/sh', ['-c', line], { env: { helper: join(guest.root, 'stillshot-guest'), root: guest.root } })
}

function ok({ status, stdout, stderr }: Ran): unknown {
  assert.equal(status, 0, stdout + stderr)
  return JSON.parse(stdout)
}

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`a hostile caller of the helper under ${shell}`, { concurrency: true }, () => {
    test('who blocks SIGCHLD is refused, because a shell would then wait for ever', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      const { status, stdout, stderr } = await called(guest, `exec env --block-signal=CHLD "$helper" ${holdWords}`)
      assert.deepEqual([status, stdout], [2, ''])
      assert.match(stderr, /blocks SIGCHLD/)
      assert.equal(await guest.read('calls'), '')
    })

    test('cannot cut the helper off by limits, ignored signals, closed files, a niceness or a folder that is gone', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      const spoilt = [
        'mkdir "$root/gone" && cd "$root/gone" && rmdir "$root/gone"',
        'ulimit -S -f 0; ulimit -S -n 12; umask 777',
        "trap '' HUP INT PIPE ALRM CHLD USR1; set -f; IFS=0",
        'exec nice -n 19 "$helper"',
      ].join('\n')
      ok(await called(guest, `${spoilt} ${holdWords} <&- 2>&-`))
      assert.equal(await guest.unit('mariadb.service'), 'inactive')
      ok(await called(guest, `${spoilt} release ${HOLD} <&- 2>&-`))
      assert.equal(await guest.unit('mariadb.service'), 'active')
    })

    test('whose output nobody reads keeps no lock', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await guest.answer<HoldAnswer>(holdSchema, ...holdWords.split(' '))
      const stuck = called(
        guest,
        `mkfifo "$root/full"; exec 3<>"$root/full"; dd if=/dev/zero bs=65536 count=1 >&3 2>/dev/null
        "$helper" hold mysql ${OTHER_HOLD} 60000 10000 >&3 2>&3 3>&- &
        echo $! >"$root/pid"; wait`,
      )
      const pid = async () => Number(await guest.read('pid'))
      // It has come to its answer, a refusal, when it writes to the pipe.
      await until(async () => (await readFile(`/proc/${await pid()}/wchan`, 'utf8')).includes('pipe_write'))
      await guest.answer<ReleaseAnswer>(releaseSchema, 'release', HOLD)
      assert.equal(await guest.unit('mariadb.service'), 'active')
      process.kill(await pid(), 'SIGKILL')
      await stuck
    })

    test('who releases holds that never came neither fills /run nor pushes out the one that is open', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await guest.answer<HoldAnswer>(holdSchema, ...holdWords.split(' '))
      const many =
        'for a in 0 1 2 3 4; do for b in 0 1 2 3 4 5 6 7; do "$helper" release 7ZZZZZZZZZZZZZZZZZZZZZZZ$a$b; done; done'
      assert.equal((await called(guest, many)).status, 0)
      const kept = await readdir(join(guest.root, 'run/stillshot/holds'))
      assert.ok(kept.includes(HOLD) && kept.length <= 22, kept.join(' '))
      await guest.answer<ReleaseAnswer>(releaseSchema, 'release', HOLD)
    })

    test('who sends a password without an end is cut off', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await guest.write('etc/profiles/mysql', profileText('mysql', 'component dbms auto 2 5', 'database-user keeper'))
      ok(await called(guest, `tr '\\0' x </dev/zero | "$helper" probe mysql`))
      assert.ok((await guest.read('credentials')).length < 50_000)
    })

    test('who never sends the password does not keep a release from starting the server', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await guest.write('etc/profiles/mysql', profileText('mysql', 'component dbms auto 2 5', 'database-user keeper'))
      ok(await called(guest, `echo password=x | "$helper" ${holdWords}`))
      ok(await called(guest, `mkfifo "$root/silent"; exec 3<>"$root/silent"; "$helper" release ${HOLD} <&3`))
      assert.equal(await guest.unit('mariadb.service'), 'active')
    })

    test('who starts a watchdog of his own in the place of the hold’s is found out', async (t) => {
      const guest = await openSandbox(shell, { proc: '/proc' })
      t.after(() => guest.remove())
      await rm(join(guest.root, 'run/systemd'), { recursive: true })
      await writeFile(
        join(guest.root, 'bin/setsid'),
        `#!/bin/sh\n"$1" watch "$3" 3600 </dev/null >/dev/null 2>&1 9>&- &\n
        until [ -s ${guest.root}/run/stillshot/holds/$3/watchdog ]; do sleep 0.05; done\nexec "$@"\n`,
        { mode: 0o755 },
      )
      const init = await guest.read('bin/initd')
      await writeFile(join(guest.root, 'etc/init.d/mariadb'), init, { mode: 0o755 })
      const ran = await guest.run(holdWords.split(' '))
      assert.equal(refusal(ran), 'watchdog-failed')
      assert.equal(await guest.unit('mariadb.service'), 'active')
    })
  })
}

describe('many callers at once', () => {
  test('a hundred calls end, and the server runs', async (t) => {
    const guest = await openSandbox('dash')
    t.after(() => guest.remove())
    const words = [holdWords, `release ${HOLD}`, 'status', `collect ${HOLD}`, `hold mysql ${OTHER_HOLD} 60000 10000`]
    const calls = Array.from({ length: 100 }, (_, index) => guest.run((words[index % words.length] ?? '').split(' ')))
    for (const { status, stdout } of await Promise.all(calls)) {
      assert.ok(status === 0 || status === 1, stdout)
      assert.equal(typeof JSON.parse(stdout).ok, 'boolean')
    }
    for (const id of [HOLD, OTHER_HOLD]) await guest.answer<ReleaseAnswer>(releaseSchema, 'release', id)
    assert.equal(await guest.unit('mariadb.service'), 'active')
    const { openHold } = await guest.answer<{ openHold: unknown }>(probeSchema, 'probe', 'mysql')
    assert.equal(openHold, null)
  })
})
