// runs beside other labs
import assert from 'node:assert/strict'
import { chmod, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { holdSchema } from '../../../../src/guest/protocol/hold-schema.ts'
import { releaseSchema } from '../../../../src/guest/protocol/release-schema.ts'
import { HOLD, OTHER_HOLD, openSandbox, profileText, refusal, type Sandbox, SHELLS, type ShellName } from './sandbox.ts'

const holdWords = ['hold', 'mysql', HOLD, '60000', '10000'] as const

async function untouched(guest: Sandbox): Promise<void> {
  assert.equal(await guest.unit('mariadb.service'), 'active')
  assert.equal((await guest.read('run/stillshot/blocked').catch(() => '')).trim(), '')
  const timer = await guest.unit(`stillshot-watchdog-${HOLD}.timer`).catch(() => 'inactive')
  assert.equal(timer, 'inactive')
}

const refusals: Readonly<Record<string, { readonly code: string; arrange(guest: Sandbox): Promise<void> }>> = {
  'the profile is not there': {
    code: 'unknown-profile',
    arrange: (guest) => rm(join(guest.root, 'etc/profiles/mysql')),
  },
  'others may write the profile': {
    code: 'profile-unsafe',
    arrange: (guest) => chmod(join(guest.root, 'etc/profiles/mysql'), 0o666),
  },
  'the profile holds what it should not': {
    code: 'profile-invalid',
    arrange: (guest) => guest.write('etc/profiles/mysql', profileText('mysql', 'component dbms $(reboot) 2 5')),
  },
  'the watchdog cannot be armed': { code: 'watchdog-failed', arrange: (guest) => guest.write('arms-no-timer') },
  'the block does not take': { code: 'block-failed', arrange: (guest) => guest.write('takes-no-drop-ins') },
  'a component is not there': {
    code: 'unit-not-found',
    arrange: (guest) =>
      guest.write('etc/profiles/mysql', profileText('mysql', 'component dbms auto 2 5', 'component unit nosuch 2 5')),
  },
  'two servers run': {
    code: 'dbms-ambiguous',
    arrange: async (guest) => {
      await guest.write('units/mysql.service.alias', 'mysql.service\n')
      await guest.write('units/mysql.service', 'active\n')
    },
  },
  'a component is just starting': {
    code: 'unit-busy',
    arrange: (guest) => guest.write('units/mariadb.service', 'activating\n'),
  },
  'the state directory is a link': {
    code: 'state-unsafe',
    arrange: (guest) => symlink('/var/tmp', join(guest.root, 'run/stillshot')),
  },
}

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`a hold that fails under ${shell}`, { concurrency: true }, () => {
    for (const [why, { code, arrange }] of Object.entries(refusals)) {
      test(`leaves nothing stopped, blocked or armed when ${why}`, async (t) => {
        const guest = await openSandbox(shell)
        t.after(() => guest.remove())
        await arrange(guest)
        assert.equal(refusal(await guest.run(holdWords)), code)
        assert.doesNotMatch(await guest.read('calls'), /^systemctl stop -- .*service/m)
        if (code !== 'unit-busy') await untouched(guest)
      })
    }

    test('refuses a time to live that leaves too little', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      assert.equal(refusal(await guest.run(['hold', 'mysql', HOLD, '12000', '10000'])), 'ttl-too-short')
      await untouched(guest)
    })

    test('never kills a server that does not stop, starts it again, and keeps the watchdog armed', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await guest.write('never-stops')
      await guest.write('etc/profiles/mysql', profileText('mysql', 'component dbms auto 1 5'))
      await guest.write('units/mariadb.service.props', 'SendSIGKILL=yes\nTimeoutStopUSec=1min 30s\n')
      assert.equal(refusal(await guest.run(holdWords)), 'stop-timeout')
      assert.match(
        await guest.read('run/systemd/system/mariadb.service.d/zz-stillshot.conf'),
        /^TimeoutStopSec=infinity$/m,
      )
      assert.equal(await guest.unit(`stillshot-watchdog-${HOLD}.timer`), 'active')
      assert.equal(await guest.read('run/stillshot/blocked'), '')
      assert.match(await guest.read('calls'), /^systemctl start --no-block -- mariadb\.service$/m)
    })

    test('a watchdog that comes late changes nothing of a later hold', async (t) => {
      const guest = await openSandbox(shell)
      t.after(() => guest.remove())
      await guest.answer(holdSchema, ...holdWords)
      await guest.answer(releaseSchema, 'release', HOLD)
      await guest.answer(holdSchema, 'hold', 'mysql', OTHER_HOLD, '60000', '10000')
      assert.equal(refusal(await guest.run(['expire', HOLD])), 'not-open')
      assert.equal(await guest.unit('mariadb.service'), 'inactive')
      assert.notEqual(await guest.read('run/stillshot/blocked'), '')
    })
  })
}
