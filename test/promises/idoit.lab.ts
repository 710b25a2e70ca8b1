// runs beside other labs
// time limit: 900 s
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import { type ContainerSubject, openContainerSubject } from '../labs/container/container-subject.ts'
import { installPhp } from '../labs/idoit/php.ts'
import { waitFor } from '../labs/wait-for.ts'
import { WriteLoad } from '../labs/write-load.ts'

interface Points {
  readonly points: readonly RestorePoint[]
}

let subject: ContainerSubject
let repository: string
before(async () => {
  repository = await mkdtemp('/dev/shm/stillshot-repository-')
  subject = await openContainerSubject('idoit', {
    vmMore: `    profile: idoit
    backup: { repository: nas }`,
    more: `repositories:
  nas: { kind: directory, path: ${repository}, compression: gzip }
`,
  })
  const { guest } = subject
  await installPhp(guest)
  await guest.sql(await labFile('tenants.sql'))
  await guest.run('sh -s', { input: await labFile('installation.sh'), timeoutMs: 120_000 })
  await subject.cli.installHelper(guest)
})
after(async () => {
  await subject?.close()
  await rm(repository, { recursive: true, force: true })
})

const labFile = (name: string) => readFile(new URL(`../labs/idoit/${name}`, import.meta.url), 'utf8')

const UNITS = ['cron.service', 'apache2.service', 'php8.2-fpm.service', 'mariadb.service']
const ROWS = `CHECKSUM TABLE idoit_system.isys_mandator, idoit_data.isys_obj, idoit_data.isys_catg, idoit_second.isys_obj;
  SELECT COUNT(*) FROM idoit_data.isys_catg`
const FILES =
  'cd /var/www/html && find . -path ./temp -prune -o -type f -exec sha256sum {} + -exec stat -c "%n %U %a %s" {} + | sort'
const CONFIGURATION = 'cd /etc && find apache2 php cron.d mysql -type f -exec sha256sum {} + -o -type l -print | sort'

async function page(): Promise<string> {
  const answer = await fetch(`http://${subject.guest.host}/`, { signal: AbortSignal.timeout(20_000) })
  return `${answer.status} ${await answer.text()}`
}

const allRun = async () =>
  assert.equal(await subject.guest.run(`systemctl is-active ${UNITS.join(' ')}`), 'active\n'.repeat(4))

/** A job of cron begins with the next minute. */
async function nextJob(): Promise<void> {
  await subject.guest.run('rm -f /var/tmp/idoit-jobs')
  const ran = async () =>
    (await subject.guest.try('grep "^2 tenants" /var/tmp/idoit-jobs')).status === 0 ? true : undefined
  await waitFor(ran, { what: 'a job of cron', timeoutMs: 90_000, everyMs: 1000 })
}

test('check shows what was found, in its order, its page and its tenants', async () => {
  const { cli } = subject
  assert.match(await page(), /^200 .*Fabrik: 5000.*Second: 2.*login_username/s)
  const { stdout } = await cli.run('check', cli.vm)
  assert.match(stdout, new RegExp(`held in this order: ${UNITS.join(', ')}`))
  assert.match(stdout, /http:\/\/127\.0\.0\.1\/ answers with 200/)
  assert.match(
    (await cli.run('backup', cli.vm, '--dry-run')).stdout,
    /2 tenants: Fabrik \(idoit_data\), Second \(idoit_second\)/,
  )
})

test('a backup tells what the configuration is and what changed in it, and no secret of it', async () => {
  const { guest, cli } = subject
  const backUp = async () => (await cli.json<Points>('backup', cli.vm, '--only', 'configuration')).points[0]?.id ?? ''
  const secret = 'hunter2-of-the-lab'
  const cnf = '/etc/mysql/mariadb.conf.d/99-report.cnf'
  await guest.run(`printf '[mysqld]\\nmax_allowed_packet=128M\\n[client-report]\\npassword=${secret}\\n' > ${cnf}`)
  const first = await backUp()
  const shown = await cli.run('show', first)
  for (const line of [
    /sites-enabled\s+i-doit/,
    /memory_limit = 256M/,
    /max_allowed_packet = 128M/,
    /\* \* \* \* \* www-data php/,
  ]) {
    assert.match(shown.stdout, line)
  }
  assert.match(shown.stdout, /Fabrik \(idoit_data\)/)
  await guest.run(`sed -i 's/128M/64M/; s/${secret}/${secret}-new/' ${cnf}; a2dismod -q rewrite`)
  const changed = await cli.run('show', await backUp())
  await guest.run(`rm ${cnf}; a2enmod -q rewrite`)
  assert.match(changed.stdout, new RegExp(`since backup ${first} [\\s\\S]*max_allowed_packet was 128M, is 64M`))
  assert.match(changed.stdout, /mods-enabled: enabled no more: rewrite/)
  const everything = `${shown.stdout}${changed.stdout}${(await cli.run('--json', 'show', first)).stdout}`
  assert.equal(everything.includes(secret), false)
})

test('a snapshot holds all of it, and everything is back: the page, too', async () => {
  const { cli } = subject
  const { points } = await cli.json<Points>('snapshot', cli.vm)
  assert.deepEqual([points[0]?.grade, points[0]?.reasons], ['db-stopped', []])
  await allRun()
  assert.match(await page(), /^200 /)
})

test('what was dropped, deleted and broken comes back, each by itself: rows, files, configuration, page, jobs', async () => {
  const { guest, cli } = subject
  const before = {
    rows: await guest.sql(ROWS),
    files: await guest.run(FILES),
    configuration: await guest.run(CONFIGURATION),
  }
  const load = await WriteLoad.start(guest)
  await guest.sql('ALTER TABLE shop.visits ENGINE=InnoDB')
  const { points } = await cli.json<Points>('backup', cli.vm)
  await load.stop()
  assert.deepEqual(
    [points[0]?.grade, points[0]?.reasons.filter(({ code }) => code !== 'files-changed')],
    ['db-locked', []],
  )
  const orders = await guest.sql('SELECT COUNT(*) FROM shop.orders')
  await guest.sql('DROP DATABASE idoit_data; DROP DATABASE idoit_second; DELETE FROM idoit_system.isys_mandator')
  await guest.run('rm -rf /var/www/html/upload /var/www/html/src /var/www/html/index.php')
  assert.doesNotMatch(await page().catch(() => 'nobody answered'), /Fabrik/)

  const chosen = ['--database', 'idoit_system', '--database', 'idoit_data', '--database', 'idoit_second']
  const databases = await cli.run('restore', cli.vm, '--from', 'backup', '--yes', ...chosen)
  assert.equal(databases.status, 0, databases.stderr)
  assert.equal(await guest.sql(ROWS), before.rows)
  assert.equal(await guest.sql('SELECT COUNT(*) FROM shop.orders'), orders)

  // Not before: a web server that cannot start would be told as one that did not come back.
  await guest.run('echo broken > /etc/apache2/sites-available/i-doit.conf')
  const { beside } = await cli.json<{ beside: string }>(
    'restore',
    cli.vm,
    '--from',
    'backup',
    '--yes',
    '--only',
    'files,configuration',
  )
  await guest.run(`systemctl stop apache2 || :; rm -rf /var/www/html /etc/apache2
    mv ${beside}/var/www/html /var/www/html; mv ${beside}/etc/apache2 /etc/apache2; systemctl start apache2`)
  assert.equal(await guest.run(FILES), before.files)
  assert.equal(await guest.run(CONFIGURATION), before.configuration)
  assert.match(await page(), /^200 .*Fabrik: 5000.*Second: 2/s)
  await allRun()
  await nextJob()
})

test('a job of cron that does not end takes the hold back, is named, and leaves everything running', async () => {
  const { guest, cli } = subject
  await guest.run(
    'echo "* * * * * root exec -a endless-job sleep 600" > /etc/cron.d/endless; sed -i "1i SHELL=/bin/bash" /etc/cron.d/endless',
  )
  try {
    const runs = async () => ((await guest.try('pgrep -f "[e]ndless-job"')).status === 0 ? true : undefined)
    await waitFor(runs, { what: 'the endless job', timeoutMs: 90_000, everyMs: 1000 })
    const { status, stderr } = await cli.run('snapshot', cli.vm)
    assert.deepEqual(
      [status, /a job of it still runs: sleep \(process \d+\).*component-busy/s.test(stderr)],
      [59, true],
      stderr,
    )
    await allRun()
    assert.match(await page(), /^200 /)
  } finally {
    await guest.run('rm -f /etc/cron.d/endless; pkill -f "[e]ndless-job" || :')
  }
})

test('a web server that will not stop takes the hold back, is not killed, and everything runs again', async () => {
  const { guest, cli } = subject
  const drop = '/etc/systemd/system/apache2.service.d'
  await guest.run(
    `mkdir -p ${drop}; printf '[Service]\\nExecStop=\\nExecStop=/bin/sleep 75\\nTimeoutStopSec=300\\n' > ${drop}/slow.conf; systemctl daemon-reload`,
  )
  try {
    const { status, stderr } = await cli.run('snapshot', cli.vm)
    assert.equal(status, 37, stderr)
    assert.match(stderr, /apache2\.service is deactivating after its limit/)
    assert.equal((await guest.run('systemctl is-active mariadb')).trim(), 'active')
    const back = async () =>
      (await guest.try(`systemctl is-active ${UNITS.join(' ')}`)).status === 0 ? true : undefined
    await waitFor(back, { what: 'everything', timeoutMs: 120_000, everyMs: 1000 })
    assert.match(await page(), /^200 /)
  } finally {
    await guest.run(`rm -r ${drop}; systemctl daemon-reload`)
    await cli.run('recover')
  }
})
