// runs beside other labs
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type {
  ComeBackAnswer,
  HoldAnswer,
  InventoryAnswer,
  ProbeAnswer,
} from '../../../../src/guest/protocol/answers.ts'
import { comeBackSchema } from '../../../../src/guest/protocol/come-back-schema.ts'
import { holdSchema } from '../../../../src/guest/protocol/hold-schema.ts'
import { inventorySchema } from '../../../../src/guest/protocol/inventory-schema.ts'
import { probeSchema } from '../../../../src/guest/protocol/probe-schema.ts'
import { releaseSchema } from '../../../../src/guest/protocol/release-schema.ts'
import { HOLD, openSandbox, profileText, refusal, type Sandbox, SHELLS, type ShellName } from './sandbox.ts'

const ROLES = ['component role cron 2 5', 'component role web 2 5', 'component role php 2 5', 'component dbms auto 2 5']

/** A guest with the profile `app`; `units`: what is there beside the server, with their states. */
async function openApplication(
  t: TestContext,
  shell: ShellName,
  units: Readonly<Record<string, string>>,
  ...lines: readonly string[]
): Promise<Sandbox> {
  // Its own processes are to be seen: jobs are some.
  const guest = await openSandbox(shell, { proc: '/proc' })
  t.after(() => guest.remove())
  await guest.write('etc/profiles/app', profileText('app', ...ROLES, ...lines))
  for (const [unit, state] of Object.entries(units)) await guest.write(`units/${unit}`, `${state}\n`)
  const text = await guest.read('stillshot-guest')
  await writeFile(join(guest.root, 'stillshot-guest'), text.replace(/^SYS=.*$/m, `SYS=${guest.root}/sys`))
  return guest
}

const hold = ['hold', 'app', HOLD, '60000', '10000'] as const

for (const shell of Object.keys(SHELLS) as ShellName[]) {
  describe(`roles under ${shell}`, { concurrency: true }, () => {
    test('are found by what is there, whatever a distribution names it, and stop in order', async (t) => {
      const units = { 'crond.service': 'active', 'httpd.service': 'active', 'php8.2-fpm.service': 'active' }
      const guest = await openApplication(t, shell, { ...units, 'php8.3-fpm.service': 'inactive' })
      const probe = await guest.answer<ProbeAnswer>(probeSchema, 'probe', 'app')
      assert.deepEqual(
        probe.components.map(({ kind, unit, active }) => [kind, unit, active]),
        [
          ['unit', 'crond.service', true],
          ['unit', 'httpd.service', true],
          ['unit', 'php8.2-fpm.service', true],
          ['dbms', 'mariadb.service', true],
        ],
      )
      await guest.answer<HoldAnswer>(holdSchema, ...hold)
      for (const unit of Object.keys(units)) assert.equal(await guest.unit(unit), 'inactive')
      await guest.answer(releaseSchema, 'release', HOLD)
      for (const unit of Object.keys(units)) assert.equal(await guest.unit(unit), 'active')
      assert.equal(await guest.unit('php8.3-fpm.service'), 'inactive')
    })

    test('several that are active are all held, one under two names once, and what nothing has is left out', async (t) => {
      const guest = await openApplication(t, shell, { 'apache2.service': 'active', 'nginx.service': 'active' })
      await guest.write('units/httpd.service.alias', 'apache2.service\n')
      const { components } = await guest.answer<ProbeAnswer>(probeSchema, 'probe', 'app')
      assert.deepEqual(
        components.map(({ unit }) => unit),
        ['apache2.service', 'nginx.service', 'mariadb.service'],
      )
    })

    test('an application none of whose parts is there is held and released, while its server runs', async (t) => {
      const guest = await openApplication(t, shell, {})
      await guest.write('etc/profiles/app.application', profileText('app.application', ...ROLES.slice(0, 3)))
      const words = ['hold', 'app.application', HOLD, '60000', '10000'] as const
      assert.deepEqual((await guest.answer<HoldAnswer>(holdSchema, ...words)).components, [])
      assert.equal(await guest.unit('mariadb.service'), 'active')
      await guest.answer(releaseSchema, 'release', HOLD)
    })

    test('a job of cron that ends is waited for; one that never ends leaves everything as it was', async (t) => {
      const guest = await openApplication(t, shell, { 'cron.service': 'active' })
      const group = join(guest.root, 'sys/fs/cgroup/system.slice/cron.service')
      await mkdir(group, { recursive: true })
      const job = async (seconds: string) => {
        const child = spawn('sleep', [seconds])
        await writeFile(join(group, 'cgroup.procs'), `${child.pid}\n`)
        return { child, ended: new Promise((resolve) => child.once('close', resolve)) }
      }
      const long = await job('60')
      const refused = await guest.run(hold)
      assert.equal(refusal(refused), 'jobs-running')
      assert.match(refused.stdout, /cron\.service has stopped, and a job of it still runs: sleep \(process \d+\)/)
      assert.deepEqual([await guest.unit('cron.service'), await guest.unit('mariadb.service')], ['active', 'active'])
      long.child.kill()
      await long.ended
      const { ended } = await job('0.5')
      const other = '01JDABCDEFGHJKMNPQRSTVWXY1'
      await guest.answer<HoldAnswer>(holdSchema, 'hold', 'app', other, '60000', '10000')
      await ended
      assert.equal(await guest.unit('mariadb.service'), 'inactive')
      await guest.answer(releaseSchema, 'release', other)
    })

    test('the page is asked for where an installation is found, and where the profile names it', async (t) => {
      const guest = await openApplication(t, shell, {}, 'page auto')
      const curl = join(guest.root, 'bin/curl')
      await writeFile(curl, `#!/bin/sh\nprintf '%s\\n' "$*" >>${guest.root}/calls\nprintf 200\n`)
      await chmod(curl, 0o755)
      const page = async () => (await guest.answer<ComeBackAnswer>(comeBackSchema, 'come-back', 'app', '-')).page
      assert.equal(await page(), null)
      await mkdir(join(guest.root, 'www/i-doit/src'), { recursive: true })
      await guest.write('www/i-doit/src/config.inc.php')
      assert.deepEqual(await page(), { url: 'http://127.0.0.1/i-doit/', status: 200, error: null })
      await writeFile(curl, '#!/bin/sh\nprintf 000\nexit 7\n')
      assert.deepEqual(await page(), { url: 'http://127.0.0.1/i-doit/', status: null, error: 'nobody answered' })
      await guest.write('etc/profiles/app', profileText('app', ...ROLES, 'page ftp://127.0.0.1/'))
      assert.equal(refusal(await guest.run(['probe', 'app'])), 'profile-invalid')
    })

    test('tenants are told as i-doit lists them', async (t) => {
      const guest = await openApplication(t, shell, {}, 'allow backup')
      const answer = (...rows: readonly string[]) =>
        `printf '%s\\n' ${rows.map((row) => `"$(printf '${row}')"`).join(' ')}`
      const program = [
        '#!/bin/sh',
        'case $* in',
        `  *'SHOW GLOBAL VARIABLES'*) ${answer('datadir\\t/x/')} ;;`,
        `  *isys_mandator__title*) ${answer('First\\tidoit_data', 'Second\\tidoit_second')} ;;`,
        `  *isys_mandator*) ${answer('idoit_system', 'odd\\\\\\\\name')} ;;`,
        'esac',
        "printf 'stillshot-end\\n'",
        '',
      ].join('\n')
      await writeFile(join(guest.root, 'bin/mariadb'), program)
      const { tenants } = await guest.answer<InventoryAnswer>(inventorySchema, 'inventory', 'app')
      assert.deepEqual(tenants, [
        { listedIn: 'idoit_system', title: 'First', database: 'idoit_data' },
        { listedIn: 'idoit_system', title: 'Second', database: 'idoit_second' },
      ])
    })
  })
}
