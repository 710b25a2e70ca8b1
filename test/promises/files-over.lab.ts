// runs beside other labs
// time limit: 900 s
import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { BackupRestoreReport } from '../../src/coordinator/restore-backup.ts'
import { type ContainerSubject, openContainerSubject } from '../labs/container/container-subject.ts'
import { installPhp } from '../labs/idoit/php.ts'
import { waitFor } from '../labs/wait-for.ts'
import type { FailedDocument, PointsDocument } from './subject.ts'

let subject: ContainerSubject
let repository: string
let backup: string

const labFile = (name: string) => readFile(new URL(`../labs/idoit/${name}`, import.meta.url), 'utf8')

before(async () => {
  repository = await mkdtemp('/dev/shm/stillshot-repository-')
  subject = await openContainerSubject('over', {
    vmMore: `    profile: idoit
    backup: { repository: nas }`,
    more: `repositories:
  nas: { kind: directory, path: ${repository}, compression: zstd }
`,
  })
  const { guest, cli } = subject
  await installPhp(guest)
  await guest.sql(await labFile('tenants.sql'))
  await guest.run('sh -s', { input: await labFile('installation.sh'), timeoutMs: 120_000 })
  await guest.run(`cd /var/www/html
    printf '<?php\n$g_product_info = ["version" => "1.17.1"];\n' > src/version.inc.php
    for n in $(seq 150); do mkdir -p "imports/folder $n"; echo "$n" > "imports/folder $n/a file"; done
    ln imports/folder\\ 1/a\\ file upload/second-name
    printf 'odd\n' > "$(printf 'upload/new\nline')"; printf 'odd\n' > upload/-rf; printf 'odd\n' > "$(printf 'upload/\\377')"
    chown -R www-data:www-data src imports upload
    setfattr -n user.origin -v lab src/version.inc.php 2>/dev/null || :`)
  await cli.installHelper(guest)
  const { points } = await cli.json<PointsDocument>('backup', cli.vm, '--only', 'files,configuration')
  backup = points[0]?.id ?? assert.fail('there is no backup')
})
after(async () => {
  await subject?.close()
  await rm(repository, { recursive: true, force: true })
})

const UNITS = 'cron apache2 php8.2-fpm mariadb'
const TREE = `{ find /var/www/html /etc/apache2 /etc/php /etc/cron.d -path /var/www/html/temp -prune -o -type f -exec sha256sum {} + \
  && find /var/www/html /etc/apache2 /etc/php /etc/cron.d -path /var/www/html/temp -prune -o -printf '%p %y %m %U:%G %l\\n'; } | sort`
const LEFT = "find / -xdev -name '.stillshot-0*' 2>/dev/null; ls /var/lib/stillshot/restored 2>/dev/null || :"

const over = (...more: readonly string[]) => [
  ...['restore', subject.cli.vm, '--from', 'backup', '--point', backup, '--over'],
  ...(more.some((word) => word.startsWith('--path')) ? more : ['--only', 'files,configuration', ...more]),
]
const allRun = async () => assert.equal(await subject.guest.run(`systemctl is-active ${UNITS}`), 'active\n'.repeat(4))

async function page(): Promise<string> {
  const answer = await fetch(`http://${subject.guest.host}/`, { signal: AbortSignal.timeout(20_000) })
  return `${answer.status} ${await answer.text()}`
}

/** As somebody breaks it, with a link of the web server's user in the way. */
const BREAK = `cd /var/www/html && rm -r src/classes imports/folder\\ 7 && rm index.php
  sed -i "s/secret of idoit/another secret/" src/config.inc.php && chmod 666 src/config.inc.php
  echo broken > upload/files/1_rack.png && chown root upload/files/1_rack.png
  echo mine > upload/of-today && chown www-data upload/of-today
  mkdir -p /var/tmp/elsewhere && rm -r "imports/folder 8" && ln -s /var/tmp/elsewhere "imports/folder 8" && chown -h www-data "imports/folder 8"
  sed -i 's/AllowOverride All/AllowOverride None/' /etc/apache2/sites-available/i-doit.conf`

test('the difference is shown first, without secrets, and nothing is changed by it', async () => {
  const { guest, cli } = subject
  const before = await guest.run(TREE)
  await guest.run(BREAK)
  const broken = await guest.run(TREE)
  const { status, stdout, stderr } = await cli.run(...over('--dry-run'))
  assert.equal(status, 0, stdout + stderr)
  assert.match(stdout, /\+ \/var\/www\/html\/index\.php/)
  assert.match(stdout, /~ \/var\/www\/html\/src\/config\.inc\.php {2}mode 0666 -> 0640/)
  assert.match(stdout, /~ \/var\/www\/html\/imports\/folder 8 {2}link, directory in the backup/)
  assert.match(stdout, /= \/var\/www\/html\/upload\/of-today {2}file/)
  assert.match(stdout, /-\s+AllowOverride None\n\s+\+\s+AllowOverride All/)
  assert.match(stdout, /-\$g_db_system = .*'pass \*\*\*/)
  const files = await cli.json<BackupRestoreReport>(...over('--dry-run'))
  const changed = files.files?.map(({ changes }) =>
    changes.filter(({ change }) => change === 'changed').map(({ path }) => path),
  )
  assert.deepEqual(
    changed?.map((paths) => [...paths].sort()),
    [
      ['imports/folder 8', 'src/config.inc.php', 'upload/files/1_rack.png'].map((name) => `/var/www/html/${name}`),
      ['/etc/apache2/sites-available/i-doit.conf'],
    ],
  )
  for (const text of [stdout, stderr, JSON.stringify(files)])
    assert.doesNotMatch(text, /secret of idoit|another secret/)
  assert.equal(await guest.run(TREE), broken)
  await allRun()
  assert.notEqual(broken, before)
})

test('over what is there: all is as in the backup, what is not in it stays, and the application answers', async () => {
  const { guest, cli } = subject
  const report = await cli.json<BackupRestoreReport>(...over('--yes'))
  assert.match(String(report.undoWith), /--only files,configuration --over$/)
  await allRun()
  assert.match(await page(), /^200 .*Fabrik: 5000/s)
  assert.equal(await guest.run('cat /var/www/html/upload/of-today; ls -A /var/tmp/elsewhere'), 'mine\n')
  assert.equal(
    await guest.run('stat -c "%a %U" /var/www/html/src/config.inc.php "/var/www/html/imports/folder 8"'),
    '640 www-data\n755 www-data\n',
  )
  assert.equal(await guest.run(LEFT), '')
  const again = await cli.json<BackupRestoreReport>(...over('--dry-run'))
  assert.deepEqual(
    again.files?.map(({ added, changed, kept }) => [added, changed, kept]),
    [
      [0, 0, 1],
      [0, 0, 0],
    ],
  )
  const journals = join(cli.stateDirectory, 'runs')
  for (const name of await readdir(journals)) {
    assert.doesNotMatch(await readFile(join(journals, name), 'utf8'), /secret of idoit|another secret/)
  }
})

test('one path, and its way back by the copy that was made first', async () => {
  const { guest, cli } = subject
  await guest.run('echo today > /var/www/html/upload/files/1_rack.png; echo also > /var/www/html/src/config.inc.php')
  const { safetyPoint } = await cli.json<BackupRestoreReport>(...over('--yes', '--path', '/var/www/html/upload/files'))
  assert.equal(
    await guest.run('wc -c < /var/www/html/upload/files/1_rack.png; cat /var/www/html/src/config.inc.php'),
    '400000\nalso\n',
  )
  await cli.json(
    'restore',
    cli.vm,
    '--from',
    'backup',
    '--point',
    String(safetyPoint?.id),
    '--only',
    'files',
    '--over',
    '--yes',
  )
  assert.equal(await guest.run('cat /var/www/html/upload/files/1_rack.png'), 'today\n')
  await cli.json(...over('--yes'))
  assert.match(await page(), /^200 /)
})

test('a restore that is killed while the guest writes, and the helper with it, is taken back by recover', async () => {
  const { guest, cli } = subject
  await guest.run(
    'cd /var/www/html/imports && for n in $(seq 150); do echo changed > "folder $n/a file"; done; rm -r "folder 9"',
  )
  const before = await guest.run(TREE)
  const process = cli.spawn(...over('--yes'))
  await waitFor(
    async () =>
      (await guest.try('ls -d "/var/www/html/imports/folder 1"*/.stillshot-*')).status === 0 ? true : undefined,
    { what: 'folders of the restore', timeoutMs: 120_000, everyMs: 20 },
  )
  const ended = cli.result(process)
  process.kill('SIGKILL')
  await guest.run("pkill -KILL -f 'stillshot-guest ove[r]' || :")
  await ended
  assert.notEqual(await guest.run(TREE), before, 'it was not killed in the middle')
  const recovered = await cli.run('recover')
  assert.equal(recovered.status, 0, recovered.stdout + recovered.stderr)
  assert.match(recovered.stdout + recovered.stderr, /as they were before the restore/)
  assert.equal(await guest.run(TREE), before)
  assert.equal(await guest.run(LEFT), '')
  await allRun()
})

test('a restore that is killed alone: the guest ends what it had begun, and recover says what it is', async () => {
  const { guest, cli } = subject
  const before = await guest.run(TREE)
  const process = cli.spawn(...over('--yes'))
  await waitFor(
    async () => ((await guest.try('cat /var/lib/stillshot/restored/*.over')).status === 0 ? true : undefined),
    { what: 'the mark of the restore', timeoutMs: 120_000, everyMs: 20 },
  )
  const ended = cli.result(process)
  process.kill('SIGKILL')
  await ended
  const recovered = await cli.run('recover')
  assert.equal(recovered.status, 0, recovered.stdout + recovered.stderr)
  assert.equal(await guest.run(TREE), before)
  assert.equal(await guest.run(LEFT), '')
  await allRun()
})

test('a configuration with which the application does not come back is taken back', async () => {
  const { guest, cli } = subject
  await cli.json(...over('--yes'))
  const good = await guest.run(TREE)
  await guest.run('echo Nonsense >> /etc/apache2/sites-available/i-doit.conf')
  const { points } = await cli.json<PointsDocument>('backup', cli.vm, '--only', 'configuration')
  await guest.run("sed -i '/Nonsense/d' /etc/apache2/sites-available/i-doit.conf")
  assert.equal(await guest.run(TREE), good)
  const bad = ['--point', String(points[0]?.id), '--only', 'configuration', '--over', '--yes']
  const { status, stdout } = await cli.run('--json', 'restore', cli.vm, '--from', 'backup', ...bad)
  assert.notEqual(status, 0)
  const { error } = JSON.parse(stdout) as FailedDocument
  assert.match(String(error?.message), /apache2\.service.*the files are as they were before the restore/s, stdout)
  assert.equal(await guest.run(TREE), good)
  assert.equal(await guest.run(LEFT), '')
  await allRun()
  assert.match(await page(), /^200 /)
})

test('files of another release of i-doit than the databases are refused, one path is not', async () => {
  const { guest, cli } = subject
  await guest.run("sed -i 's/1.17.1/1.19/' /var/www/html/src/version.inc.php")
  const { status, stdout } = await cli.run('--json', ...over('--yes'))
  assert.notEqual(status, 0)
  assert.match(stdout, /the backup is of i-doit 1\.17\.1, the guest has 1\.19/)
  await allRun()
  await cli.json(...over('--yes', '--path', '/var/www/html/index.php'))
  await guest.run('mv /var/www/html /var/www/html.away')
  await cli.json(...over('--yes'))
  assert.match(await page(), /^200 /)
  assert.equal(await guest.run('ls /var/www/html/temp 2>/dev/null | wc -l'), '0\n')
})
