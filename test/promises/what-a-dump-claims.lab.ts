// runs natively
// time limit: 600 s
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import { type ContainerSubject, openContainerSubject } from '../labs/container/container-subject.ts'
import { waitFor } from '../labs/wait-for.ts'
import type { PointsDocument } from './subject.ts'

let subject: ContainerSubject
let repository: string
before(async () => {
  repository = await mkdtemp('/dev/shm/stillshot-repository-')
  subject = await openContainerSubject('claims', {
    vmMore: `    profile: app
    backup: { repository: nas }`,
    more: `profiles:
  app:
    components: [{ unit: cron.service }, { dbms: auto }]
repositories:
  nas: { kind: directory, path: ${repository}, compression: gzip }
`,
  })
  await subject.guest.run(`printf '[mysqld]\\nlog_bin=bin\\nserver_id=7\\nbinlog_format=ROW\\n' > /etc/mysql/conf.d/log.cnf
    systemctl restart mariadb`)
  await subject.cli.installHelper(subject.guest)
})
after(async () => {
  await subject?.close()
  await rm(repository, { recursive: true, force: true })
})

/** Whatever it is worth, which its exit status tells, too. */
async function backUp(): Promise<RestorePoint> {
  const { stdout } = await subject.cli.run('--json', 'backup', subject.cli.vm, '--only', 'databases')
  return (JSON.parse(stdout) as PointsDocument).points[0] ?? assert.fail(stdout)
}

/** A client whose terminal has the letters of UTF-8. */
const sql = (input: string) => subject.guest.run('mariadb --default-character-set=utf8mb4 -BN', { input })
const waits = "SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE '%metadata lock%'"

/** A backup during which `change` is done: its dump waits for a table that somebody has locked. */
async function backUpDuring(change: string): Promise<RestorePoint> {
  const { guest } = subject
  await sql('CREATE DATABASE IF NOT EXISTS aaa; CREATE OR REPLACE TABLE aaa.gate (i INT) ENGINE=InnoDB')
  const lock = 'LOCK TABLES aaa.gate WRITE; SELECT SLEEP(600)'
  await guest.run(`systemd-run --quiet --unit=gate mariadb -e "${lock}"; sleep 0.5`)
  const taking = backUp()
  try {
    await waitFor(async () => ((await sql(waits)).trim() === '0' ? undefined : true), {
      ...{ what: 'a dump that waits', timeoutMs: 60_000 },
    })
    await sql(change)
  } finally {
    await guest.run('systemctl stop gate')
  }
  return taking
}

test('a table of Aria that is written during a dump is never told to be of one moment', async () => {
  await sql('CREATE DATABASE late; CREATE TABLE late.t (i INT) ENGINE=Aria; INSERT INTO late.t VALUES (1)')
  await subject.guest.run('sleep 1.1')
  const { grade, reasons } = await backUpDuring('INSERT INTO late.t VALUES (2)')
  assert.equal(grade, 'crash-only', JSON.stringify(reasons))
  await sql('DROP DATABASE late')
})

test('a table that went away during a dump, before it was read, is told', async () => {
  await sql(
    'CREATE DATABASE lost; CREATE TABLE lost.t (i INT) ENGINE=InnoDB; CREATE TABLE lost.u (i INT) ENGINE=InnoDB',
  )
  const { grade, reasons } = await backUpDuring('DROP TABLE lost.t')
  assert.deepEqual([grade, reasons.map(({ code }) => code)], ['crash-only', ['tables-changed']])
  assert.match(reasons[0]?.message ?? '', /lost/)
  assert.equal((await backUp()).grade, 'db-locked')
  await sql('DROP DATABASE lost')
})

test('events of the server write nothing while databases are made anew, and go on afterwards', async () => {
  await sql(`SET GLOBAL event_scheduler = ON; CREATE DATABASE ticks; USE ticks; CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, at DATETIME);
    CREATE TABLE big (i INT PRIMARY KEY, s VARCHAR(200)); CREATE EVENT tick ON SCHEDULE EVERY 1 SECOND DO INSERT INTO t (at) VALUES (NOW())`)
  await backUp()
  await sql(
    `USE ticks; INSERT INTO big SELECT seq, REPEAT('y', 150) FROM seq_1_to_40000; UPDATE big SET s = REPEAT('z', 160)`,
  )
  const seconds = await subject.guest.run('sleep 1.1; date +%s; sleep 3')
  const at = new Date(Number(seconds) * 1000).toISOString()
  await subject.cli.json('restore', subject.cli.vm, '--from', 'backup', '--yes', '--at', at)
  assert.equal((await sql('SELECT @@GLOBAL.event_scheduler')).trim(), 'ON')
  await sql('DROP DATABASE ticks; SET GLOBAL event_scheduler = OFF')
})
