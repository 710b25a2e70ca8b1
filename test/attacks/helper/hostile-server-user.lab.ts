// runs beside other labs
import assert from 'node:assert/strict'
import { chmod, chown, cp, lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { ComeBackAnswer, HoldAnswer, ProbeAnswer, ReleaseAnswer } from '../../../src/guest/protocol/answers.ts'
import { comeBackSchema } from '../../../src/guest/protocol/come-back-schema.ts'
import { holdSchema } from '../../../src/guest/protocol/hold-schema.ts'
import { probeSchema } from '../../../src/guest/protocol/probe-schema.ts'
import { releaseSchema } from '../../../src/guest/protocol/release-schema.ts'
import { HOLD, openSandbox, type Sandbox, SHELLS, type ShellName } from '../../adapters/guests/helper/sandbox.ts'

const holdWords = ['hold', 'mysql', HOLD, '60000', '10000'] as const
const CANARY = 'canary-of-root-alone'
/** Who the server runs as: nobody. */
const SERVER = 65_534

/** A guest whose data directory belongs to the server's user, and a file that only root may read. */
async function openGuest(shell: ShellName, t: TestContext): Promise<Sandbox> {
  assert.equal(process.getuid?.(), 0, 'the helper is root, and the server’s user is not')
  const guest = await openSandbox(shell)
  t.after(() => guest.remove())
  await chmod(guest.root, 0o755)
  await writeFile(join(guest.root, 'secret'), `${CANARY} "super_read_only" "Value" "${CANARY}"\n`.repeat(300), {
    mode: 0o600,
  })
  for (const name of await readdir(join(guest.root, 'data')))
    await chown(join(guest.root, 'data', name), SERVER, SERVER)
  await chown(join(guest.root, 'data'), SERVER, SERVER)
  return guest
}

/** Whether the secret's bytes are in an answer, in any of the forms in which the helper ships bytes. */
function leaks(answer: object): boolean {
  const text = JSON.stringify(answer)
  const forms = [CANARY, Buffer.from(CANARY).toString('hex'), Buffer.from(CANARY).toString('base64').slice(0, 24)]
  return forms.some((form) => text.includes(form))
}

/** A program that first acts, when it is called for `path`, as somebody would who waits for the right moment. */
async function before(guest: Sandbox, program: string, act: string, path = ''): Promise<void> {
  const script = `#!/bin/sh\ncase "$*" in *${path}*) ${act} ;; esac\nexec /usr/bin/${program} "$@"\n`
  await writeFile(join(guest.root, 'bin', program), script, { mode: 0o755 })
}

/** The kernel's view of a guest that has one more file system, mounted on ROOT/srv, of which the server's user owns the top. */
async function mountServerOwned(guest: Sandbox): Promise<void> {
  const self = join(guest.root, 'proc/self')
  await rm(self)
  await mkdir(self)
  for (const name of ['status', 'fd', 'oom_score_adj']) await symlink(`/proc/self/${name}`, join(self, name))
  const mounts = await readFile('/proc/self/mountinfo', 'utf8')
  const one = `999 1 252:9 / ${guest.root}/srv rw,relatime - ext4 /dev/vdz rw\n`
  await writeFile(join(self, 'mountinfo'), mounts + one)
  await cp(join(guest.root, 'data'), join(guest.root, 'srv/data'), { recursive: true })
  for (const name of ['', 'data', ...(await readdir(join(guest.root, 'srv/data'))).map((file) => `data/${file}`)]) {
    await chown(join(guest.root, 'srv', name), SERVER, SERVER)
  }
  const client = await guest.read('bin/mariadb')
  await writeFile(join(guest.root, 'bin/mariadb'), client.replace('datadir\\t%s/data/', 'datadir\\t%s/srv/data/'))
}

/** What may lie at the top of a file system that is the server's user's. */
const plants: Readonly<Record<string, (guest: Sandbox) => Promise<void>>> = {
  'a link to a folder of root’s': async (guest) => {
    await elsewhere(guest)
    await symlink(join(guest.root, 'elsewhere'), join(guest.root, 'srv/.stillshot'))
  },
  'a folder of his own': async (guest) => {
    await elsewhere(guest)
    await mkdir(join(guest.root, 'srv/.stillshot'))
    await symlink(join(guest.root, 'secret'), join(guest.root, 'srv/.stillshot/marker'))
    await chown(join(guest.root, 'srv/.stillshot'), SERVER, SERVER)
  },
  'a folder of root’s that everybody can write': async (guest) => {
    await elsewhere(guest)
    await mkdir(join(guest.root, 'srv/.stillshot'))
    await chmod(join(guest.root, 'srv/.stillshot'), 0o777)
  },
}

async function elsewhere(guest: Sandbox): Promise<void> {
  await mkdir(join(guest.root, 'elsewhere'))
  await writeFile(join(guest.root, 'elsewhere/marker'), `${CANARY}\n`)
}

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`a hostile user of the server under ${shell}`, { concurrency: true }, () => {
    test('gets no byte of another’s file by links in the places of the server’s own', async (t) => {
      const guest = await openGuest(shell, t)
      for (const name of ['ib_logfile0', 'ibdata1', 'aria_log_control', 'mysqld-auto.cnf']) {
        await rm(join(guest.root, 'data', name), { force: true })
        await symlink(join(guest.root, 'secret'), join(guest.root, 'data', name))
      }
      await rm(join(guest.root, 'error.log'))
      await symlink(join(guest.root, 'secret'), join(guest.root, 'error.log'))
      const probe = await guest.answer<ProbeAnswer>(probeSchema, 'probe', 'mysql')
      const held = await guest.answer<HoldAnswer>(holdSchema, ...holdWords)
      const released = await guest.answer<ReleaseAnswer>(releaseSchema, 'release', HOLD)
      for (const answer of [probe, held, released]) assert.equal(leaks(answer), false, JSON.stringify(answer))
      assert.equal(await guest.unit('mariadb.service'), 'active')
    })

    test('gets none either when he exchanges the file in the last moment', async (t) => {
      const guest = await openGuest(shell, t)
      const path = join(guest.root, 'data/ib_logfile0')
      const exchange = `rm -f ${path}; ln -s ${guest.root}/secret ${path}`
      for (const program of ['setpriv', 'head', 'od']) await before(guest, program, exchange, path)
      const held = await guest.answer<HoldAnswer>(holdSchema, ...holdWords)
      assert.ok((await lstat(path)).isSymbolicLink())
      assert.equal(leaks(held), false, JSON.stringify(held))
      assert.equal(leaks(await guest.answer<ReleaseAnswer>(releaseSchema, 'release', HOLD)), false)
    })

    test('does not hold the helper up with a pipe in the last moment', async (t) => {
      const guest = await openGuest(shell, t)
      const path = join(guest.root, 'data/ib_logfile0')
      await before(guest, 'head', `rm -f ${path}; mkfifo ${path}`, path)
      await guest.answer<HoldAnswer>(holdSchema, ...holdWords)
      await guest.answer<ReleaseAnswer>(releaseSchema, 'release', HOLD)
      assert.equal(await guest.unit('mariadb.service'), 'active')
    })

    test('with a thousand redo logs, and names that look like paths, is neither obeyed nor waited for', async (t) => {
      const guest = await openGuest(shell, t)
      await writeFile(join(guest.root, 'data/ib_logfile1|secret'), Buffer.alloc(64))
      const names = Array.from({ length: 1000 }, (_, index) => join(guest.root, `data/ib_logfile${index + 2}`))
      await Promise.all(names.map((path) => writeFile(path, '')))
      const held = await guest.answer<HoldAnswer>(holdSchema, ...holdWords)
      const files = held.dbms?.files ?? []
      assert.ok(files.length > 0 && files.length <= 210, String(files.length))
      for (const { path } of files) assert.match(path, /^\/.*\/data\/[a-z_0-9]+$/)
      await guest.answer<ReleaseAnswer>(releaseSchema, 'release', HOLD)
    })

    test('who writes the log as fast as it is read does not make it endless', async (t) => {
      const guest = await openGuest(shell, t)
      const log = join(guest.root, 'error.log')
      // Whichever program reads it, it grew since it was looked at.
      for (const program of ['head', 'timeout', 'tail']) {
        await before(guest, program, `yes 'a line' | dd bs=65536 count=20 >>${log} 2>/dev/null`)
      }
      const held = await guest.answer<HoldAnswer>(holdSchema, ...holdWords)
      assert.ok((held.dbms?.log.textBase64.length ?? 0) < 100_000)
      await guest.answer<ReleaseAnswer>(releaseSchema, 'release', HOLD)
    })

    for (const [what, plant] of Object.entries(plants)) {
      test(`${what}, where markers go, makes root neither write nor read elsewhere`, async (t) => {
        const guest = await openGuest(shell, t)
        await mkdir(join(guest.root, 'srv'))
        await mountServerOwned(guest)
        await plant(guest)
        const held = await guest.answer<HoldAnswer>(holdSchema, ...holdWords)
        const mark = held.markers.find(({ mount }) => mount === join(guest.root, 'srv'))
        assert.equal(mark?.written, false, JSON.stringify(held.markers))
        await guest.answer<ReleaseAnswer>(releaseSchema, 'release', HOLD)
        const back = await guest.answer<ComeBackAnswer>(comeBackSchema, 'come-back', 'mysql', HOLD)
        assert.equal(leaks(back), false, JSON.stringify(back.markers))
        assert.match(await guest.read('secret'), new RegExp(`^${CANARY}`))
        assert.equal(await guest.read('elsewhere/marker').catch(() => 'none'), `${CANARY}\n`)
      })
    }
  })
}
