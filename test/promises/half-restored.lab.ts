// runs natively
// time limit: 600 s
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { type ContainerSubject, openContainerSubject } from '../labs/container/container-subject.ts'
import { waitFor } from '../labs/wait-for.ts'
import type { FailedDocument, PointsDocument } from './subject.ts'

let subject: ContainerSubject
let repository: string
let backup: string

before(async () => {
  repository = await mkdtemp('/dev/shm/stillshot-repository-')
  subject = await openContainerSubject('half', {
    vmMore: `    profile: app
    backup: { repository: nas }`,
    more: `profiles:
  app:
    components: [{ unit: cron.service }, { unit: apache2.service }, { dbms: auto }]
    backup: { files: [/var/www/html] }
repositories:
  nas: { kind: directory, path: ${repository}, compression: gzip }
`,
  })
  const { guest, cli } = subject
  await guest.sql(`CREATE DATABASE first; CREATE DATABASE second;
    CREATE TABLE first.t (a INT) ENGINE=InnoDB; INSERT INTO first.t VALUES (1);
    CREATE TABLE second.t (a INT) ENGINE=InnoDB; INSERT INTO second.t VALUES (1);`)
  const { points } = await cli.json<PointsDocument>('backup', cli.vm)
  backup = points[0]?.id ?? assert.fail('there is no backup')
  await guest.sql('UPDATE first.t SET a = 2; UPDATE second.t SET a = 2')
})
after(async () => {
  await subject?.close()
  await rm(repository, { recursive: true, force: true })
})

const ROWS = 'SELECT (SELECT a FROM first.t), (SELECT a FROM second.t)'
const wanted = (...more: readonly string[]) => [
  ...['restore', subject.cli.vm, '--from', 'backup', '--point', backup],
  ...['--database', 'first', '--database', 'second', '--yes', ...more],
]
const application = async () =>
  (await subject.guest.try('systemctl is-active cron apache2 mariadb')).stdout.trim().split('\n')
const UP = ['active', 'active', 'active']
const DOWN = ['inactive', 'inactive', 'active']

/** A restore that is in the middle: the first database is dropped, the second one waits for somebody's transaction. */
async function restoreToTheMiddle(...more: readonly string[]) {
  const { guest, cli } = subject
  const open = 'BEGIN; SELECT * FROM second.t; SELECT SLEEP(300)'
  await guest.run(`systemd-run --quiet --collect --unit=somebody mariadb -e "${open}"`)
  const process = cli.spawn('--json', ...wanted(...more))
  await waitFor(async () => ((await guest.sql("SHOW DATABASES LIKE 'first'")) === '' ? true : undefined), {
    what: 'the first database dropped',
    timeoutMs: 120_000,
  })
  return process
}

test('a restore that is killed in the middle leaves the application down, also after a reset, until recover puts back what was there', async () => {
  const { guest, cli } = subject
  const process = await restoreToTheMiddle()
  process.kill('SIGKILL')
  await cli.result(process)
  assert.deepEqual(await application(), DOWN)
  await guest.reset()
  await guest.ready()
  assert.deepEqual(await application(), DOWN)
  await guest.try('systemctl start apache2')
  assert.deepEqual(await application(), DOWN)
  assert.match((await cli.run('check', cli.vm)).stdout, /half restored since/)
  assert.equal((await cli.run('backup', cli.vm)).status !== 0, true)
  const recovered = await cli.run('--json', 'recover')
  assert.equal(recovered.status, 0, recovered.stdout + recovered.stderr)
  assert.equal(await guest.sql(ROWS), '2\t2')
  assert.deepEqual(await application(), UP)
  assert.equal((await cli.run('check', cli.vm)).stdout.includes('half restored'), false)
})

test('without a dump of what was there it stays half and says so, and another restore makes it whole', async () => {
  const { guest, cli } = subject
  const process = await restoreToTheMiddle('--no-safety-snapshot')
  await guest.run('pkill -KILL -f -- [-]-binary-mode')
  await guest.run('systemctl stop somebody')
  const { status, stdout } = await cli.result(process)
  const { error } = JSON.parse(stdout) as FailedDocument
  assert.deepEqual([status, error?.code], [64, 'half-restored'], stdout)
  assert.match(String(error?.message), /first, second: half restored since .* and the application stays stopped/)
  assert.deepEqual(await application(), DOWN)
  const one = await cli.run(
    '--json',
    'restore',
    cli.vm,
    '--from',
    'backup',
    '--point',
    backup,
    '--database',
    'first',
    '--yes',
  )
  assert.match(one.stdout, /would leave second as it is/)
  await cli.json(...wanted())
  assert.equal(await guest.sql(ROWS), '1\t1')
  assert.deepEqual(await application(), UP)
  assert.equal((await cli.run('recover')).status, 0)
  assert.equal(await guest.sql(ROWS), '1\t1')
})

test('a connection that is cut off in the middle puts back what was there', async () => {
  const { guest, cli } = subject
  await guest.sql('UPDATE first.t SET a = 3; UPDATE second.t SET a = 3')
  const process = await restoreToTheMiddle()
  await guest.inside("pkill -KILL -f '[s]shd: .*@notty'")
  await guest.run('systemctl stop somebody')
  const { stdout } = await cli.result(process)
  assert.match(stdout, /as they were before the restore/)
  assert.equal(await guest.sql(ROWS), '3\t3')
  assert.deepEqual(await application(), UP)
})

test('where the dump of what is there fails, nothing is touched', async () => {
  const { guest, cli } = subject
  await guest.sql(
    'UPDATE first.t SET a = 4; UPDATE second.t SET a = 4; CREATE TABLE second.gone (a INT); CREATE VIEW second.v AS SELECT a FROM second.gone; DROP TABLE second.gone',
  )
  const { status, stdout } = await cli.run('--json', ...wanted())
  assert.notEqual(status, 0)
  assert.equal((JSON.parse(stdout) as FailedDocument).error?.code, 'dump-failed', stdout)
  assert.equal(await guest.sql(ROWS), '4\t4')
  assert.deepEqual(await application(), UP)
  await guest.sql('DROP VIEW second.v')
})
