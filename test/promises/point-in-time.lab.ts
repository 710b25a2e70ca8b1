// runs natively
// time limit: 600 s
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import { type ContainerSubject, openContainerSubject } from '../labs/container/container-subject.ts'
import type { FailedDocument, PointsDocument } from './subject.ts'

let subject: ContainerSubject
let repository: string
before(async () => {
  repository = await mkdtemp('/dev/shm/stillshot-repository-')
  subject = await openContainerSubject('to-time', {
    vmMore: `    profile: app
    backup: { repository: nas }`,
    more: `profiles:
  app:
    components: [{ unit: cron.service }, { dbms: auto }]
repositories:
  nas: { kind: directory, path: ${repository}, compression: gzip }
`,
  })
  const { guest, cli } = subject
  await guest.run(`printf '[mysqld]\\nlog_bin=bin\\nserver_id=7\\nbinlog_format=MIXED\\n' > /etc/mysql/conf.d/log.cnf
    systemctl restart mariadb`)
  await guest.sql(`CREATE DATABASE shop; CREATE TABLE shop.orders (id INT PRIMARY KEY, what VARCHAR(40)) ENGINE=InnoDB;
    CREATE DATABASE other; CREATE TABLE other.t (id INT PRIMARY KEY) ENGINE=InnoDB;
    INSERT INTO shop.orders VALUES (1, 'before')`)
  await cli.installHelper(guest)
  backup = await backUp()
})
after(async () => {
  await subject?.close()
  await rm(repository, { recursive: true, force: true })
})

interface ToTime {
  readonly point: RestorePoint
  readonly changes?: { readonly changes: number; readonly transactions: number; readonly leftOut: object }
}

let backup: RestorePoint

async function backUp(): Promise<RestorePoint> {
  const { points } = await subject.cli.json<PointsDocument>('backup', subject.cli.vm, '--only', 'databases')
  return points[0] ?? assert.fail('there is no backup')
}

/** A second of the guest's in which nothing is written, between two in which something may be. */
async function quietSecond(): Promise<string> {
  const { guest } = subject
  const seconds = await guest.run('sleep 1.1; date +%s; sleep 1.1')
  return new Date(Number(seconds) * 1000).toISOString()
}

const restore = (...words: readonly string[]) =>
  subject.cli.run('--json', 'restore', subject.cli.vm, '--from', 'backup', '--yes', ...words)

async function refused(code: string, says: RegExp, ...words: readonly string[]): Promise<void> {
  const { stdout } = await restore(...words)
  const { error } = JSON.parse(stdout) as FailedDocument
  assert.equal(error?.code, code, stdout)
  assert.match(String(error?.message), says)
}

const ORDERS = "SELECT GROUP_CONCAT(CONCAT_WS(':', id, what) ORDER BY id) FROM shop.orders"

test('databases come back as they were at a moment between two backups, whatever was logged before and after', async () => {
  const { guest } = subject
  await guest.sql(`INSERT INTO shop.orders VALUES (2, 'as a statement'); CREATE USER later@localhost IDENTIFIED BY 'geheim';
    SET SESSION binlog_format=ROW; INSERT INTO shop.orders VALUES (3, 'as a row'); UPDATE shop.orders SET what='changed' WHERE id=1;
    FLUSH BINARY LOGS; ALTER TABLE shop.orders ADD COLUMN more INT DEFAULT 5; INSERT INTO shop.orders VALUES (4, 'in the next log', 6);
    INSERT INTO other.t VALUES (1)`)
  const wanted = await guest.sql(ORDERS)
  const at = await quietSecond()
  await guest.sql("DELETE FROM shop.orders; INSERT INTO shop.orders VALUES (9, 'too late', 1); DROP DATABASE other")
  const { stdout, status } = await restore('--at', at)
  assert.equal(status, 0, stdout)
  const { changes, point } = JSON.parse(stdout) as ToTime
  assert.equal(point.id, backup.id)
  assert.deepEqual([changes?.changes, changes?.leftOut], [6, { accounts: 1, others: 0 }], stdout)
  assert.equal(await guest.sql(ORDERS), wanted)
  assert.equal(await guest.sql('SELECT more FROM shop.orders WHERE id = 4'), '6')
  assert.equal(await guest.sql('SELECT COUNT(*) FROM other.t'), '1')
  assert.equal((await guest.run('systemctl is-active cron mariadb')).trim(), 'active\nactive')
})

test('backups go on after statements in the log that are longer than the server takes otherwise', async () => {
  const { guest } = subject
  await guest.sql('CREATE TABLE shop.many (i INT, t CHAR(60))')
  backup = await backUp()
  const rows = `seq 1 400000 | sed "s/.*/,(&,'$(printf '%060d' 0)')/"`
  await guest.run(`mariadb -e 'SET GLOBAL max_allowed_packet = 1073741824'
    { printf "INSERT INTO shop.many VALUES (0,'')"; ${rows}; } > /tmp/long.sql
    mariadb --max-allowed-packet=1G < /tmp/long.sql; rm /tmp/long.sql
    mariadb -e 'SET GLOBAL max_allowed_packet = 16777216'`)
  const at = await quietSecond()
  await guest.sql('DROP TABLE shop.many; FLUSH BINARY LOGS')
  const { stdout, status } = await restore('--at', at, '--point', backup.id)
  assert.equal(status, 0, stdout)
  assert.equal(await guest.sql('SELECT COUNT(*) FROM shop.many'), '400001')
  await backUp()
  await guest.sql('DROP TABLE shop.many')
})

test('of one database only rows are carried out, and the other keeps what it has', async () => {
  const { guest } = subject
  backup = await backUp()
  await guest.sql(`SET SESSION binlog_format=ROW; INSERT INTO shop.orders VALUES (20, 'wanted', 1); INSERT INTO other.t VALUES (20);
    CREATE TABLE other.u (i INT); CREATE TABLE shop.u (i INT); INSERT INTO shop.u VALUES (7)`)
  const at = await quietSecond()
  await guest.sql('SET SESSION binlog_format=ROW; DROP TABLE shop.u; INSERT INTO other.t VALUES (21)')
  const { stdout, status } = await restore('--at', at, '--database', 'shop')
  assert.equal(status, 0, stdout)
  assert.deepEqual((JSON.parse(stdout) as ToTime).changes?.leftOut, { accounts: 0, others: 2 })
  assert.equal(await guest.sql('SELECT what FROM shop.orders WHERE id = 20'), 'wanted')
  assert.equal(await guest.sql('SELECT i FROM shop.u'), '7')
  assert.equal(await guest.sql('SELECT GROUP_CONCAT(id ORDER BY id) FROM other.t'), '1,20,21')
  await guest.sql("INSERT INTO other.t VALUES (30); INSERT INTO shop.orders VALUES (30, 'as a statement', 1)")
  const later = await quietSecond()
  await refused('not-replayable', /logged as a statement/, '--at', later, '--database', 'shop', '--point', backup.id)
  assert.equal(await guest.sql('SELECT COUNT(*) FROM shop.orders WHERE id = 30'), '1')
})

test('times that cannot be reached are refused, and nothing is dropped or left behind', async () => {
  const { guest, cli } = subject
  backup = await backUp()
  const content = await guest.sql(ORDERS)
  const kept = () => readdir(join(repository, cli.vm))
  await refused('point-not-found', /no backup/, '--at', '2020-01-01T00:00:00Z')
  await refused('usage', /has not come yet/, '--at', '2199-01-01T00:00:00Z')
  await refused('usage', /no time with its zone/, '--at', '2026-11-28')
  const nothing = await quietSecond()
  const before = await kept()
  await refused('not-replayable', /holds no change/, '--at', nothing, '--point', backup.id, '--no-safety-snapshot')
  assert.deepEqual(await kept(), before)
  await guest.sql("INSERT INTO shop.orders VALUES (40, 'gone', 1); FLUSH BINARY LOGS; FLUSH BINARY LOGS")
  const at = await quietSecond()
  await guest.sql(`PURGE BINARY LOGS TO '${await currentLog()}'`)
  await refused('not-replayable', /no longer has its log/, '--at', at, '--point', backup.id)
  assert.equal(await guest.sql(ORDERS), `${content},40:gone`)
  assert.equal((await guest.run('systemctl is-active cron mariadb')).trim(), 'active\nactive')
})

test('the logs of another server under the same names are refused', async () => {
  const { guest } = subject
  backup = await backUp()
  await guest.sql('RESET MASTER')
  await guest.sql("INSERT INTO shop.orders VALUES (50, 'x', 1); INSERT INTO shop.orders VALUES (51, 'x', 1)")
  for (let files = 1; !(await currentLog()).endsWith(logOf(backup)); files += 1) {
    assert.ok(files < 50)
    await guest.sql('FLUSH BINARY LOGS')
  }
  await guest.sql(`USE shop; INSERT INTO shop.orders SELECT 100 + seq, REPEAT('x', 40), 1 FROM seq_1_to_300`)
  await refused('not-replayable', /was 0-7-\d+ in the backup/, '--at', await quietSecond(), '--point', backup.id)
})

const currentLog = async () => (await subject.guest.sql('SHOW MASTER STATUS')).split('\t')[0] ?? ''

function logOf({ evidence }: RestorePoint): string {
  const { server } = (evidence as { manifest: { server: { position: { file: string } } } }).manifest
  return server.position.file
}
