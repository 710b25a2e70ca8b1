// runs beside other labs
import assert from 'node:assert/strict'
import { access, mkdir, readdir, rename, rm, unlink } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { renewSchema, wholeSchema } from '../../../../src/guest/protocol/half-schema.ts'
import { holdSchema } from '../../../../src/guest/protocol/hold-schema.ts'
import { statusSchema } from '../../../../src/guest/protocol/small-schemas.ts'
import {
  execute,
  HOLD,
  OTHER_HOLD,
  openSandbox,
  profileText,
  refusal,
  type Sandbox,
  SHELLS,
  type ShellName,
} from './sandbox.ts'

type Status = { readonly half: { readonly run: string; readonly loaded: string | null } | null }

const WHOLE_DUMP = "database=shop\n\nINSERT INTO t VALUES (1);\n\nSELECT 'stillshot-loaded';\n"
/** What a caller who is cut off in the middle has sent. */
const CUT_DUMP = 'database=shop\n\nINSERT INTO t VAL'
const MARK = 'var/stillshot/half'
const DROP_IN = 'etc/systemd/system/apache2.service.d/zz-stillshot-half.conf'

async function openGuest(shell: ShellName, t: { after(work: () => Promise<void>): void }): Promise<Sandbox> {
  const guest = await openSandbox(shell, { proc: '/proc' })
  t.after(() => guest.remove())
  const allow = ['allow backup', 'allow restore']
  const web = 'component unit apache2.service 2 5'
  await guest.write('etc/profiles/mysql', profileText('mysql', web, 'component dbms auto 2 5', ...allow))
  await guest.write('etc/profiles/mysql.application', profileText('mysql.application', web))
  await guest.write('units/apache2.service', 'active\n')
  await guest.write('units/apache2.service.props', 'TriggeredBy=apache2.socket\n')
  await guest.write('units/apache2.socket', 'active\n')
  return guest
}

const hold = (guest: Sandbox, id = HOLD) =>
  guest.answer<object>(holdSchema, 'hold', 'mysql.application', id, '60000', '5000')
const load = (guest: Sandbox, way: string, stdin = WHOLE_DUMP, id = HOLD) =>
  guest.run(['load', 'mysql', id, way, 'held'], { stdin })
const half = async (guest: Sandbox) => (await guest.answer<Status>(statusSchema, 'status')).half
const whole = (guest: Sandbox, way: string, id = HOLD) =>
  guest.answer<{ known: boolean; started: boolean }>(wholeSchema, 'whole', id, way)
const web = async (guest: Sandbox) => [await guest.unit('apache2.service'), await guest.unit('apache2.socket')]
const witnesses = async (guest: Sandbox) =>
  (await readdir(`${guest.root}/data`)).filter((name) => name.startsWith('stillshot-half-'))
const UP = ['active', 'active']
const DOWN = ['inactive', 'inactive']

/** As after a reset: what /run held is gone. */
async function boot(guest: Sandbox): Promise<void> {
  for (const left of ['run/stillshot', 'run/systemd/system/apache2.service.d']) {
    await rm(`${guest.root}/${left}`, { recursive: true, force: true })
  }
}

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`databases that are half restored under ${shell}`, { concurrency: true }, () => {
    test('a load that is taken whole says so, and the release starts what ran', async (t) => {
      const guest = await openGuest(shell, t)
      await hold(guest)
      assert.equal((await load(guest, 'drop')).status, 0)
      assert.partialDeepStrictEqual(await half(guest), { run: HOLD, held: true, databases: ['shop'], loaded: 'drop' })
      assert.equal(refusal(await guest.run(['whole', HOLD, 'back'])), 'still-half')
      assert.partialDeepStrictEqual(await whole(guest, 'forward'), { known: true, started: false })
      assert.deepEqual(await web(guest), DOWN)
      assert.equal((await guest.run(['release', HOLD])).status, 0)
      assert.deepEqual(await web(guest), UP)
      await assert.rejects(access(`${guest.root}/${DROP_IN}`))
      assert.partialDeepStrictEqual(await whole(guest, 'forward'), { known: false })
    })

    test('nothing is started on half of a database: by no release, watchdog, boot or person', async (t) => {
      const guest = await openGuest(shell, t)
      await hold(guest)
      await load(guest, 'drop', CUT_DUMP)
      assert.partialDeepStrictEqual(await half(guest), { run: HOLD, loaded: null })
      await guest.run(['expire', HOLD])
      assert.deepEqual(await web(guest), DOWN)
      assert.equal(refusal(await guest.run(['release', HOLD])), 'half-restored')
      assert.equal(refusal(await guest.run(['release', HOLD])), 'half-restored')
      const start = `${guest.root}/bin/systemctl`
      await execute(start, ['start', 'apache2.service'])
      await boot(guest)
      await execute(start, ['start', 'apache2.service'])
      assert.deepEqual(await web(guest), DOWN)
      assert.match(await guest.read(DROP_IN), /^\[Unit\]\nConditionPathExists=!.*\/half$/m)
      assert.equal(refusal(await guest.run(['hold', 'mysql', OTHER_HOLD, '60000', '5000'])), 'half-restored')
      assert.equal(refusal(await guest.run(['whole', HOLD, 'forward'])), 'still-half')
      assert.equal(refusal(await guest.run(['whole', OTHER_HOLD, 'mended'])), 'other-half')
    })

    test('after a reset what was dropped is still put back, and then what ran is started', async (t) => {
      const guest = await openGuest(shell, t)
      await hold(guest)
      await load(guest, 'drop', CUT_DUMP)
      await boot(guest)
      assert.equal((await load(guest, 'back')).status, 0)
      assert.partialDeepStrictEqual(await half(guest), { run: HOLD, loaded: 'back' })
      assert.partialDeepStrictEqual(await whole(guest, 'back'), { known: true, started: true })
      assert.deepEqual(await web(guest), UP)
      assert.equal(await half(guest), null)
      assert.match((await load(guest, 'back')).stderr, /\(nothing-dropped\)$/m)
    })

    test('nothing is put back where the application may have been started since', async (t) => {
      const guest = await openGuest(shell, t)
      await hold(guest)
      await load(guest, 'drop', CUT_DUMP)
      await guest.run(['release', HOLD])
      await unlink(`${guest.root}/${DROP_IN}`)
      assert.match((await load(guest, 'back')).stderr, /\(too-late\)$/m)
    })

    test('another restore of the same databases makes them whole, and starts what ran before the first', async (t) => {
      const guest = await openGuest(shell, t)
      await hold(guest)
      await load(guest, 'drop', CUT_DUMP)
      await guest.run(['expire', HOLD])
      await hold(guest, OTHER_HOLD)
      const other = 'database=else\n\n'
      assert.match((await load(guest, 'drop', other, OTHER_HOLD)).stderr, /shop is half .*\(half-restored\)$/m)
      assert.equal((await load(guest, 'drop', `database=else\n${WHOLE_DUMP}`, OTHER_HOLD)).status, 0)
      assert.match((await load(guest, 'back')).stderr, /\(nothing-dropped\)$/m)
      await whole(guest, 'forward', OTHER_HOLD)
      assert.equal((await guest.run(['release', OTHER_HOLD])).status, 0)
      assert.deepEqual(await web(guest), UP)
    })

    test('nothing is put back over databases that a roll back has put in their place, and that left the mark', async (t) => {
      const guest = await openGuest(shell, t)
      await mkdir(`${guest.root}/data/mysql`, { recursive: true })
      await hold(guest)
      await load(guest, 'drop', CUT_DUMP)
      await boot(guest)
      assert.partialDeepStrictEqual(await half(guest), { run: HOLD, replaced: false })
      const [witness = '', ...others] = await witnesses(guest)
      assert.match(witness, new RegExp(`^stillshot-half-${HOLD}\\.`))
      assert.deepEqual(others, [])
      await rename(`${guest.root}/data/mysql`, `${guest.root}/data/away`)
      await unlink(`${guest.root}/data/${witness}`)
      assert.partialDeepStrictEqual(await half(guest), { replaced: false }, 'what is not mounted is not replaced')
      await rename(`${guest.root}/data/away`, `${guest.root}/data/mysql`)
      assert.partialDeepStrictEqual(await half(guest), { run: HOLD, replaced: true })
      assert.match((await load(guest, 'back')).stderr, /others are in the place .*\(replaced\)$/m)
      for (const way of ['forward', 'back']) assert.equal(refusal(await guest.run(['whole', HOLD, way])), 'replaced')
      assert.deepEqual(await web(guest), DOWN)
      assert.partialDeepStrictEqual(await whole(guest, 'mended'), { known: true, started: true })
      assert.deepEqual(await web(guest), UP)
    })

    test('what tells of a load in the data directory goes when the databases are whole', async (t) => {
      const guest = await openGuest(shell, t)
      await mkdir(`${guest.root}/data/mysql`, { recursive: true })
      await hold(guest)
      await load(guest, 'drop', CUT_DUMP)
      await guest.run(['expire', HOLD])
      await hold(guest, OTHER_HOLD)
      await load(guest, 'drop', WHOLE_DUMP, OTHER_HOLD)
      assert.equal((await witnesses(guest)).length, 2)
      await whole(guest, 'forward', OTHER_HOLD)
      assert.deepEqual(await witnesses(guest), [])
    })

    test('a person’s word makes them whole', async (t) => {
      const guest = await openGuest(shell, t)
      await hold(guest)
      await load(guest, 'drop', CUT_DUMP)
      await guest.run(['expire', HOLD])
      assert.partialDeepStrictEqual(await whole(guest, 'mended'), { known: true, started: true })
      assert.deepEqual(await web(guest), UP)
    })

    test('nothing is dropped where the application cannot be kept down', async (t) => {
      const guest = await openGuest(shell, t)
      await hold(guest)
      await guest.write('takes-no-drop-ins')
      assert.match((await load(guest, 'drop')).stderr, /\(half-unkept\)$/m)
      await assert.rejects(guest.read('loaded'))
      await assert.rejects(guest.read(MARK))
      assert.equal((await guest.run(['release', HOLD])).status, 0)
    })

    test('a request that is cut off drops nothing', async (t) => {
      const guest = await openGuest(shell, t)
      await hold(guest)
      assert.equal((await load(guest, 'drop', 'database=shop\ndatabase=el')).status, 2)
      await assert.rejects(guest.read('loaded'))
      await assert.rejects(guest.read(MARK))
    })

    test('a statement that fails leaves them half', async (t) => {
      const guest = await openGuest(shell, t)
      await hold(guest)
      await guest.write('refuses-statement')
      assert.notEqual((await load(guest, 'drop')).status, 0)
      assert.partialDeepStrictEqual(await half(guest), { loaded: null })
    })

    test('a hold that is renewed lives on; one that is over cannot be renewed', async (t) => {
      const guest = await openGuest(shell, t)
      const { firesUptimeMs } = await guest.answer<{ firesUptimeMs: number }>(
        holdSchema,
        ...['hold', 'mysql.application', HOLD, '9000', '0'],
      )
      const renewed = await guest.answer<{ firesUptimeMs: number }>(renewSchema, 'renew', HOLD, '60000')
      assert.ok(renewed.firesUptimeMs > firesUptimeMs)
      const woken = guest.run(['expire', HOLD])
      await guest.run(['renew', HOLD, '5000'])
      assert.deepEqual(await web(guest), DOWN)
      assert.equal((await woken).status, 0)
      assert.deepEqual(await web(guest), UP)
      assert.equal(refusal(await guest.run(['renew', HOLD, '60000'])), 'hold-over')
      assert.equal(refusal(await guest.run(['renew', OTHER_HOLD, '60000'])), 'hold-over')
    })
  })
}
