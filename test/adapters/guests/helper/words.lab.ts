// runs beside other labs
import assert from 'node:assert/strict'
import { mkdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { ProbeAnswer } from '../../../../src/guest/protocol/answers.ts'
import { holdSchema } from '../../../../src/guest/protocol/hold-schema.ts'
import { probeSchema } from '../../../../src/guest/protocol/probe-schema.ts'
import { drainSchema, undrainSchema, versionSchema } from '../../../../src/guest/protocol/small-schemas.ts'
import { execute, HOLD, openSandbox, profileText, refusal, SHELLS, type ShellName } from './sandbox.ts'

const wrongUsage: readonly (readonly string[])[] = [
  [],
  ['nosuch'],
  ['hold', '../../../etc/passwd', HOLD, '60000', '10000'],
  ['hold', 'mysql', `${HOLD.slice(0, 25)}u`, '60000', '10000'],
  ['hold', 'mysql', HOLD, '60000', '10000', 'more'],
  ['hold', 'mysql', HOLD, '4999', '0'],
  ['hold', 'mysql', HOLD, '3600001', '0'],
  ['hold', 'mysql', HOLD, '060000', '0'],
  ['hold', 'mysql', HOLD, '60000', '60001'],
  ['hold', 'mysql', HOLD, '$(id)', '1'],
  ['fence', '../../etc'],
  ['fence', HOLD, 'more'],
  ['release', '-'],
  ['release', `${HOLD}\n${HOLD}`],
  ['release', '../../../../../tmp/01JDABCDEFGHJ'],
  ['probe', '-x'],
  ['drain', 'mysql', HOLD, '601'],
  ['drill', 'mysql', HOLD, '0'],
  ['drill', 'mysql', HOLD],
  ['load', 'mysql'],
  ['load', 'mysql', HOLD, 'drop'],
  ['load', 'mysql', HOLD, 'drop', 'loose'],
  ['load', 'mysql', '../../etc', 'back', 'free'],
]

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`what a caller says to the helper under ${shell}`, { concurrency: true }, () => {
    test('wrong words end with 2, print no document and reach no program', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      for (const words of wrongUsage) {
        const { status, stdout } = await guest.run(words)
        assert.deepEqual([words, status, stdout], [words, 2, ''])
      }
      assert.equal(await guest.read('calls'), '')
    })

    test('a hostile environment chooses neither programs nor places', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      const trap = join(guest.root, 'trap')
      for (const name of ['stat', 'systemctl', 'flock', 'od', 'mariadb', 'date', 'cat']) {
        await writeFile(join(guest.root, 'etc', name), `#!/bin/sh\necho ${name} >>${trap}\n`, { mode: 0o755 })
      }
      const env = {
        PATH: `${guest.root}/etc:${process.env.PATH}`,
        IFS: '/0aeiou',
        LC_ALL: 'tr_TR.UTF-8',
        HOME: `${guest.root}/etc`,
        ENV: `${guest.root}/etc/stat`,
        RUN: '/var/tmp',
        SELF: '/bin/false',
        TZ: ':/etc/passwd',
        PS4: '$(id)',
      }
      const { status, stdout } = await guest.run(['hold', 'mysql', HOLD, '60000', '10000'], { env })
      assert.equal(status, 0, stdout)
      await assert.rejects(stat(trap))
    })

    test('probe tells what preflight needs, quotes and all', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      const probe = await guest.answer<ProbeAnswer>(probeSchema, 'probe', 'mysql')
      assert.deepEqual([probe.components[0]?.unit, probe.components[0]?.active], ['mariadb.service', true])
      // As the client prints it in batch mode: a backslash is doubled.
      assert.equal(probe.dbms?.variables.wsrep_node_name, 'a "b" \\\\c')
      assert.equal(probe.dbms?.variables.configured_super_read_only, 'OFF')
      assert.equal(probe.dbms?.status.wsrep_cluster_status, 'Primary')
      assert.deepEqual(probe.dbms?.longTransactions, [{ thread: '42', seconds: 99 }])
      assert.equal(probe.dbms?.connectedReplicas, 2)
      assert.deepEqual(probe.dbms?.replicas, [{ Connection_name: '', Slave_IO_Running: 'Yes', Last_Error: 'a: "b"' }])
      const mounts = new Set(probe.fileSystems.map(({ target }) => target))
      for (const { mount } of probe.dbms?.directories ?? []) assert.ok(mounts.has(mount))
      assert.doesNotMatch(await guest.read('calls'), /systemctl (start|stop|daemon-reload)|systemd-run/)
    })

    test('a server that refuses the login is reported, and held all the same', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await guest.write('refuses-login')
      const probe = await guest.answer<ProbeAnswer>(probeSchema, 'probe', 'mysql')
      assert.equal(probe.dbms?.reachable, false)
      assert.match(probe.dbms?.loginError ?? '', /Access denied/)
      await guest.answer(holdSchema, 'hold', 'mysql', HOLD, '60000', '10000')
    })

    test('a password reaches the client by a pipe, and nothing else', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      const password = 'canary "quoted" \\ #x'
      await guest.write('etc/profiles/mysql', profileText('mysql', 'component dbms auto 2 5', 'database-user keeper'))
      const stdin = `password=${password}\n`
      for (const words of [
        ['probe', 'mysql'],
        ['hold', 'mysql', HOLD, '60000', '10000'],
        ['release', HOLD],
      ]) {
        const { status, stdout, stderr } = await guest.run(words, { stdin })
        assert.equal(status, 0, stdout)
        assert.doesNotMatch(stdout + stderr, /canary/)
      }
      const credentials = await guest.read('credentials')
      assert.match(credentials, /user="keeper"\npassword="canary \\"quoted\\" \\\\ #x"\n/)
      assert.doesNotMatch(credentials, /password=""/, 'each of them logs in with it, a release after its start, too')
      assert.doesNotMatch(await guest.read('calls'), /canary/)
      const { stdout } = await execute('/bin/grep', ['-rl', 'canary', join(guest.root, 'run'), join(guest.root, 'var')])
      assert.equal(stdout, '')
    })

    test('drain arms its timer before it changes a setting, and undrain puts back what it found', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      const drained = await guest.answer<{ changed: object }>(drainSchema, 'drain', 'mysql', HOLD, '5')
      const before = {
        innodb_io_capacity_max: '2000',
        innodb_io_capacity: '200',
        innodb_max_dirty_pages_pct: '90.0',
        innodb_max_dirty_pages_pct_lwm: '0.0',
      }
      assert.deepEqual(drained.changed, before)
      const calls = await guest.read('calls')
      assert.ok(calls.indexOf('systemd-run') < calls.indexOf('SET GLOBAL'))
      const undrained = await guest.answer<{ restored: object }>(undrainSchema, 'undrain', 'mysql', HOLD)
      assert.deepEqual(undrained.restored, before)
      const again = await guest.answer<{ restored: object }>(undrainSchema, 'undrain', 'mysql', HOLD)
      assert.deepEqual(again.restored, {})
    })

    test('tables outside the data directory are found, and a server that cannot say where they are is unknown', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await mkdir(join(guest.root, 'far'))
      const found = await guest.answer<ProbeAnswer>(probeSchema, 'probe', 'mysql')
      const far = found.dbms?.directories.find(({ role }) => role === 'table')
      assert.equal(far?.path, join(guest.root, 'far'))
      assert.notEqual(far?.mount, '?')
      await guest.write('knows-no-tables', '')
      const unknown = await guest.answer<ProbeAnswer>(probeSchema, 'probe', 'mysql')
      assert.equal(unknown.dbms?.directories.find(({ role }) => role === 'table')?.mount, '?')
    })

    test('a drain changes nothing when what it found cannot be written down', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      for (const folder of ['run/stillshot', 'run/stillshot/drains'])
        await mkdir(join(guest.root, folder), { mode: 0o700 })
      await symlink('/dev/full', join(guest.root, 'run/stillshot/drains', HOLD))
      assert.equal(refusal(await guest.run(['drain', 'mysql', HOLD, '5'])), 'state-unwritable')
      assert.doesNotMatch(await guest.read('calls'), /SET GLOBAL/)
    })

    test('a drain puts back first what one that died has lowered', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await guest.answer(drainSchema, 'drain', 'mysql', '01K0000000000000000000DEAD', '5')
      await guest.answer<{ changed: object }>(drainSchema, 'drain', 'mysql', HOLD, '5')
      const calls = await guest.read('calls')
      const putBack = calls.indexOf('innodb_max_dirty_pages_pct = 90.0')
      assert.ok(putBack > 0 && putBack < calls.lastIndexOf('innodb_max_dirty_pages_pct = 0'), calls)
      const ofTheDead = await guest.answer<{ restored: object }>(
        undrainSchema,
        'undrain',
        'mysql',
        '01K0000000000000000000DEAD',
      )
      assert.deepEqual(ofTheDead.restored, {})
    })

    test('version names the hash of the file itself', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      const { sha256 } = await guest.answer<{ sha256: string }>(versionSchema, 'version')
      const { stdout } = await execute('/usr/bin/sha256sum', [join(guest.root, 'stillshot-guest')])
      assert.equal(stdout.slice(0, 64), sha256)
    })
  })
}
