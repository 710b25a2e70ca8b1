import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import { dumpEvidence } from '../../src/coordinator/backup-manifest.ts'
import { compareConfiguration } from '../../src/coordinator/compare-configuration.ts'
import { type ConfigurationFacts, listenToConfiguration } from '../../src/coordinator/configuration-facts.ts'
import { configurationReport } from '../../src/coordinator/configuration-report.ts'
import { takeBackup } from '../../src/coordinator/take-backup.ts'
import { openStream } from '../../src/repository/stored-stream.ts'
import { makeBackupWorld } from './backup-guest.ts'

let root: string
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'stillshot-etc-'))
})
after(() => rm(root, { recursive: true, force: true }))

const INVENTORY = {
  variables: { version: '10.11.6-MariaDB', innodb_buffer_pool_size: '1073741824', init_connect: 'hunter2' },
  tenants: [{ listedIn: 'idoit_system', title: 'Fabrik', database: 'idoit_data' }],
} as unknown as Parameters<typeof listenToConfiguration>[0]
const PACKAGES = 'apache2 2.4.62-1~deb12u2 amd64\nmariadb-server 1:10.11.6-0+deb12u1 all\n'

/** What is told of such files, in pieces of a size that no block has. */
async function factsOf(files: Readonly<Record<string, string>>, packages = PACKAGES): Promise<ConfigurationFacts> {
  const folder = await mkdtemp(join(root, 'tree-'))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    if (text.startsWith('-> ')) await symlink(text.slice(3), join(folder, path))
    else await writeFile(join(folder, path), text)
  }
  const tar = join(root, 'tar')
  execFileSync('tar', ['--create', `--file=${tar}`, `--directory=${folder}`, '--acls', '--xattrs', '--sparse', 'etc'])
  const listener = listenToConfiguration(INVENTORY, Buffer.alloc(32, 7))
  const bytes = await readFile(tar)
  for (let at = 0; at < bytes.length; at += 777) listener.archive(bytes.subarray(at, at + 777))
  listener.packages(Buffer.from(packages))
  return listener.facts()
}

const LONG = `etc/php/8.2/fpm/conf.d/${'a'.repeat(60)}/${'b'.repeat(60)}.ini`
const GOOD = {
  'etc/apache2/sites-enabled/i-doit.conf': '-> ../sites-available/i-doit.conf',
  'etc/apache2/mods-enabled/rewrite.load': '-> ../mods-available/rewrite.load',
  'etc/apache2/sites-available/i-doit.conf': 'DocumentRoot "/var/www/html"\nSSLEngine on\n',
  [LONG]: 'memory_limit = 256M ; enough\n',
  'etc/mysql/mariadb.conf.d/99-i-doit.cnf': '[mysqld]\ninnodb-buffer-pool-size = 1G\nmax_allowed_packet=128M\n',
  'etc/cron.d/i-doit': '5 4 * * * root idoit-backup\n',
}

test('what is known to be no secret stands in the report, as it is written', async () => {
  const report = configurationReport(await factsOf(GOOD), undefined)
  for (const line of [
    /sites-enabled\n {2}i-doit/,
    /mods-enabled\n {2}rewrite/,
    /documentroot = \/var\/www\/html\n {2}sslengine = on/,
    /b\.ini\n {2}memory_limit = 256M\n/,
    /innodb_buffer_pool_size = 1G\n {2}max_allowed_packet = 128M/,
    /5 4 \* \* \* root idoit-backup/,
    /version = 10\.11\.6-MariaDB\n {2}innodb_buffer_pool_size = 1073741824/,
    /Fabrik \(idoit_data\)/,
    /mariadb-server all 1:10\.11\.6-0\+deb12u1/,
  ]) {
    assert.match(report, line)
  }
})

const SECRET = 'hunter2'
const HOSTILE = {
  'etc/mysql/my.cnf': `[client]
password=${SECRET}
${SECRET}
${SECRET} = 1
# memory of ${SECRET}
user = "first
${SECRET} = on
max_connections = ${SECRET}
port = 3306 ${SECRET}
"
init-connect='SET PASSWORD ${SECRET}'
datadir = /${SECRET}
collation_server = ${SECRET}_${SECRET}
[${SECRET}]
`,
  'etc/php/8.2/fpm/php.ini': `mysqli.default_pw = ${SECRET}\nerror_log = "/var/log/x\n${SECRET}\n"\nmemory_limit = ${SECRET}\ndate.timezone=${SECRET}\n`,
  'etc/apache2/sites-enabled/x.conf': `SetEnv DB ${SECRET}\nDocumentRoot "/var/www\\\n${SECRET} \${${SECRET}}"\nListen ${SECRET}\nRewriteRule ^ https://u:${SECRET}@host/\n# Listen \\\n${SECRET} 80\n`,
  'etc/apache2/.htpasswd': `admin:${SECRET}\n`,
  'etc/cron.d/jobs': `MYSQL_PWD=${SECRET}
* * * * * root MYSQL_PWD=${SECRET} mysqldump -p${SECRET}
* * * * * ${SECRET} /usr/bin/php --password ${SECRET}
* * * * * root /usr/bin/${SECRET}
1 2 3 4 5 root /usr/bin/php /var/www/html/console.php ldap -p ${SECRET}
`,
  'etc/crontab': `MAILTO=${SECRET}\n`,
  'etc/mysql/odd name hunter2.cnf': 'port = 1\n',
}

test('no secret is in what is told, whichever key, remark, line or argument holds it', async () => {
  const facts = await factsOf(HOSTILE, `${SECRET}\n${SECRET} has blanks in it\n`)
  const changed = Object.fromEntries(
    Object.entries(HOSTILE).map(([path, text]) => [path, text.replaceAll(SECRET, 'hunter2new')]),
  )
  const lines = compareConfiguration(facts, await factsOf(changed))
  const told = `${JSON.stringify(facts)}${configurationReport(facts, { since: 'a', createdAt: 'b', lines })}`
  assert.equal(told.includes('hunter2'), false, told)
  assert.match(told, /memory_limit = \(set\)/)
  assert.match(told, /1 2 3 4 5 root php/)
  assert.match(lines.join('\n'), /\.htpasswd changed; what in it is not shown/)
})

test('what changed is told: values that may be shown, of the rest that it changed', async () => {
  const before = await factsOf(GOOD)
  const { 'etc/apache2/mods-enabled/rewrite.load': _, ...others } = GOOD
  const now = await factsOf(
    {
      ...others,
      'etc/mysql/mariadb.conf.d/99-i-doit.cnf': '[mysqld]\ninnodb-buffer-pool-size = 2G\npassword=x\n',
      'etc/cron.d/new': '@daily root /bin/x\n',
    },
    PACKAGES.replace('2.4.62', '2.4.65'),
  )
  assert.deepEqual(compareConfiguration(before, now), [
    'mods-enabled: enabled no more: rewrite',
    '/etc/mysql/mariadb.conf.d/99-i-doit.cnf: innodb_buffer_pool_size was 1G, is 2G',
    '/etc/mysql/mariadb.conf.d/99-i-doit.cnf: max_allowed_packet was 128M, and is set no more',
    '/etc/cron.d/new: now job: @daily root (a command)',
    '/etc/cron.d/new is new',
    '/etc/mysql/mariadb.conf.d/99-i-doit.cnf: more may have changed than is shown',
    'package apache2 amd64 was 2.4.62-1~deb12u2, is 2.4.65-1~deb12u2',
  ])
  assert.deepEqual(compareConfiguration(before, before), [])
})

async function reportIn({ repository, signal }: ReturnType<typeof makeBackupWorld>, point: RestorePoint) {
  const { manifest } = dumpEvidence(point) ?? assert.fail()
  const stream = manifest.streams.find(({ content }) => content === 'report') ?? assert.fail()
  let text = ''
  for await (const chunk of openStream(repository, { vm: 'db1', id: point.id }, stream, signal)) {
    text += Buffer.from(chunk).toString()
  }
  return text
}

test('a backup holds the report with what changed since the last one; what is no tar is said to be unread', async () => {
  const world = makeBackupWorld()
  const order = { parts: ['configuration'], signal: world.signal } as const
  world.says.archive = { exitStatus: 0, stdout: `no tar${'\0'.repeat(1024)}`, stderr: '' }
  const first = await takeBackup(world.ports, world.settings, order)
  assert.match(await reportIn(world, first), /there is none to compare with[\s\S]*not read: the archive of the config/)
  world.says.packages = { exitStatus: 0, stdout: 'mariadb-server 10.12 amd64\n', stderr: '' }
  const second = await takeBackup(world.ports, world.settings, order)
  const report = await reportIn(world, second)
  assert.match(report, new RegExp(`since backup ${first.id}`))
  assert.match(report, /package mariadb-server amd64 was 10\.11, is 10\.12/)
  const third = await takeBackup(world.ports, world.settings, { ...order, parts: ['databases'] })
  assert.equal(dumpEvidence(third)?.configuration, undefined)
})
