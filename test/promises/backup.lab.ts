// runs natively
// time limit: 900 s
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import type { DumpEvidence } from '../../src/coordinator/backup-manifest.ts'
import { type ContainerSubject, openContainerSubject } from '../labs/container/container-subject.ts'
import { waitFor } from '../labs/wait-for.ts'
import { WriteLoad } from '../labs/write-load.ts'
import type { FailedDocument, PointsDocument } from './subject.ts'

let subject: ContainerSubject
let repository: string
before(async () => {
  // A file system of its own, so that it counts as mounted, and none that holds the guest's disks.
  repository = await mkdtemp('/dev/shm/stillshot-repository-')
  subject = await openContainerSubject('backup', {
    vmMore: `    profile: app
    backup: { repository: nas }`,
    more: `profiles:
  app:
    components: [{ unit: cron.service }, { unit: apache2.service }, { dbms: auto }]
    backup: { files: [/var/www/html], exclude: [/var/www/html/temp] }
repositories:
  nas: { kind: directory, path: ${repository}, compression: gzip }
`,
  })
  await arrange()
})
after(async () => {
  await subject?.close()
  await rm(repository, { recursive: true, force: true })
})

/** More than a row may be long: a server that is strict about it does not make such a table anew. */
const WIDE = Array.from({ length: 40 }, (_, index) => `c${index} CHAR(255)`).join(', ')

/** An installation like i-doit's: two tenants whose tables name each other, uploads with attributes, a row that is long in a dump. */
async function arrange(): Promise<void> {
  const { guest } = subject
  await guest.sql(`CREATE DATABASE idoit_system; CREATE DATABASE idoit_data;
    CREATE TABLE idoit_system.mandator (id INT PRIMARY KEY, title VARCHAR(60)) ENGINE=InnoDB;
    CREATE TABLE idoit_data.obj (id INT PRIMARY KEY, title VARCHAR(60), parent INT, CONSTRAINT own FOREIGN KEY (parent) REFERENCES idoit_data.obj (id)) ENGINE=InnoDB;
    CREATE TABLE idoit_data.cat (id INT PRIMARY KEY, obj INT, CONSTRAINT cat_obj FOREIGN KEY (obj) REFERENCES idoit_data.obj (id) ON DELETE CASCADE) ENGINE=InnoDB;
    CREATE VIEW idoit_data.names AS SELECT title FROM idoit_data.obj;
    CREATE TRIGGER idoit_data.before_obj BEFORE INSERT ON idoit_data.obj FOR EACH ROW SET NEW.title = TRIM(NEW.title);
    CREATE FUNCTION idoit_data.one() RETURNS INT DETERMINISTIC RETURN 1;
    CREATE EVENT idoit_data.nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM idoit_data.cat WHERE id < 0;
    CREATE USER 'idoit'@'localhost' IDENTIFIED BY 'geheim''s "x"'; GRANT ALL ON idoit_data.* TO 'idoit'@'localhost';
    INSERT INTO idoit_system.mandator VALUES (1, 'Fabrik'), (2, 'Büro');
    INSERT INTO idoit_data.obj VALUES (1, 'a', NULL), (2, 'b', 1), (3, 'ünïcödé 🦭 ''quoted''; \\\\ -- no comment', 2);
    INSERT INTO idoit_data.cat VALUES (10, 1), (11, 3);
    CREATE TABLE idoit_data.text (a LONGBLOB) ENGINE=InnoDB; INSERT INTO idoit_data.text VALUES (REPEAT('long ', 150000));
    SET GLOBAL max_allowed_packet = 1048576; SET GLOBAL innodb_strict_mode = OFF; SET SESSION innodb_strict_mode = OFF;
    CREATE TABLE idoit_data.wide (${WIDE}) ENGINE=InnoDB ROW_FORMAT=COMPACT CHARSET=latin1;`)
  await guest.run(`mkdir -p /var/www/html/upload/files /var/www/html/temp /var/www/html/src
    echo config > /var/www/html/src/config.inc.php; head -c 300000 /dev/urandom > /var/www/html/upload/files/1_image.png
    truncate -s 50M /var/www/html/upload/sparse; echo cached > /var/www/html/temp/cache
    chown -R www-data:www-data /var/www/html/upload; chmod 640 /var/www/html/src/config.inc.php`)
}

interface FromBackup {
  readonly safetyPoint?: RestorePoint
  readonly undoWith?: string
  readonly beside?: string
}

const CONTENT = `SELECT GROUP_CONCAT(CONCAT_WS('|', id, title, parent) ORDER BY id) FROM idoit_data.obj`
const FILES =
  'cd /var/www/html && find . -path ./temp -prune -o -type f -exec sha256sum {} + -exec stat -c "%n %U %a %s" {} + | sort'

/** The one backup of the first test. */
let backup: RestorePoint
let content: string
let files: string

const folder = () => join(repository, subject.cli.vm, backup.id)

/** What is in the repository, half made or whole. */
const stored = () => readdir(join(repository, subject.cli.vm))

/** Unpacks a stream of the backup into root's shell in the guest, as a person does who has no stillshot. */
async function byHand(stream: string, command: string): Promise<number | null> {
  const { guest } = subject
  const child = spawn('sh', ['-c', `gunzip < "$0" | ssh "$@"`, join(folder(), stream), ...guest.sshArguments(command)])
  const [status] = (await once(child, 'close')) as [number | null]
  return status
}

test('a backup under a write load is whole, of one moment, and named beside the snapshots', async () => {
  const { guest, cli } = subject
  content = await guest.sql(CONTENT)
  files = await guest.run(FILES)
  const load = await WriteLoad.start(guest)
  // It writes a MyISAM table, too, which no transaction holds still: the next test sees to those.
  await guest.sql('ALTER TABLE shop.visits ENGINE=InnoDB')
  const result = cli.result(cli.spawn('--json', 'backup', cli.vm))
  await Promise.race([result, dumped()])
  await load.stop()
  const { stdout, stderr } = await result
  const [point] = (JSON.parse(stdout) as PointsDocument).points
  backup = point ?? assert.fail(stderr)
  assert.deepEqual([backup.kind, backup.grade, backup.reasons], ['dump', 'db-locked', []])
  const { manifest } = backup.evidence as DumpEvidence
  assert.deepEqual(
    manifest.streams.map(({ name }) => name.replace(/\.gz$/, '')),
    ['databases.sql', 'users.sql', 'files.tar', 'configuration.tar', 'packages.txt', 'configuration-report.txt'],
  )
  assert.deepEqual(await stored(), [backup.id])
  assert.match((await cli.run('list', cli.vm)).stdout, new RegExp(`${backup.id} .* dump +nas: ${folder()}`))
  assert.equal((await cli.run('verify', cli.vm)).status, 0)
})

test('databases come back over tables whose foreign keys changed, and others are untouched', async () => {
  const { guest, cli } = subject
  const orders = await guest.sql('SELECT COUNT(*), MAX(id) FROM shop.orders')
  // What was made since refers to a table of the backup by another type: replacing that table alone is refused (errno 150).
  await guest.sql(`SET FOREIGN_KEY_CHECKS=0; ALTER TABLE idoit_data.cat DROP FOREIGN KEY cat_obj;
    ALTER TABLE idoit_data.obj DROP FOREIGN KEY own, MODIFY id BIGINT, MODIFY parent BIGINT;
    CREATE TABLE idoit_data.newer (obj BIGINT, FOREIGN KEY (obj) REFERENCES idoit_data.obj (id)) ENGINE=InnoDB;
    UPDATE idoit_data.obj SET title = 'changed'; DROP USER 'idoit'@'localhost'; DROP DATABASE idoit_system;`)
  assert.notEqual(await byHand('databases.sql.gz', 'mariadb idoit_data 2>/root/said'), 0)
  assert.match(await guest.run('cat /root/said'), /errno: 150/)

  const args = ['--database', 'idoit_data', '--database', 'idoit_system', '--users', '--point', backup.id]
  await guest.sql('CREATE DATABASE loose; CREATE TABLE loose.visits (a INT) ENGINE=MyISAM')
  const write = 'while :; do mariadb -e "INSERT INTO loose.visits VALUES (1)"; sleep 0.3; done'
  await guest.run(`systemd-run --quiet --unit=loose-writer sh -c '${write}'`)
  const watched = watchUnits()
  const report = await cli.json<FromBackup>('restore', cli.vm, '--from', 'backup', ...args, '--yes')
  assert.deepEqual(await watched(), { 'apache2.service': true, 'cron.service': true, 'mariadb.service': false })
  await guest.run('systemctl stop loose-writer')
  const { kind, grade, reasons } = report.safetyPoint ?? assert.fail('there is no safety dump')
  assert.deepEqual([kind, grade, reasons[0]?.code], ['dump', 'suspect', 'tables-written'])
  assert.match(report.undoWith ?? '', / --database idoit_data --users$/)

  assert.equal(await guest.sql(CONTENT), content)
  assert.equal(await guest.sql('SELECT idoit_data.one()'), '1')
  assert.equal(await guest.sql('SELECT LENGTH(a), @@GLOBAL.max_allowed_packet FROM idoit_data.text'), '750000\t1048576')
  assert.match(await guest.sql('SHOW TABLES FROM idoit_data'), /^cat\nnames\nobj\ntext\nwide$/)
  assert.match(await guest.sql('SHOW EVENTS FROM idoit_data'), /nightly/)
  assert.match(await guest.sql('SELECT title FROM idoit_system.mandator WHERE id = 2'), /Büro/)
  assert.equal((await guest.try(`mariadb -uidoit '-pgeheim'"'"'s "x"' -e 'SELECT 1 FROM idoit_data.obj'`)).status, 0)
  assert.equal(await guest.sql('SELECT COUNT(*), MAX(id) FROM shop.orders'), orders)
  assert.match(
    (await guest.try('mariadb -e "INSERT INTO idoit_data.cat VALUES (99, 99)"')).stderr,
    /foreign key constraint/,
  )
})

/** Which units stop from now on until the returned function is called. */
function watchUnits(): () => Promise<Record<string, boolean>> {
  const units = ['apache2.service', 'cron.service', 'mariadb.service']
  const began = Promise.all(units.map(invocationOf))
  return async () => {
    const [then, now] = [await began, await Promise.all(units.map(invocationOf))]
    return Object.fromEntries(units.map((unit, index) => [unit, then[index] !== now[index]]))
  }
}

async function invocationOf(unit: string): Promise<string> {
  return (
    await subject.guest.run(`systemctl is-active ${unit} && systemctl show -p InvocationID --value ${unit}`)
  ).trim()
}

test('a dump that the server does not take whole puts back what was there, and the application starts', async () => {
  const { guest, cli } = subject
  await guest.sql(`DROP DATABASE idoit_data; CREATE DATABASE idoit_data; CREATE TABLE idoit_data.now (a INT);
    INSERT INTO idoit_data.now VALUES (7); SET GLOBAL innodb_strict_mode = ON`)
  const wanted = ['--from', 'backup', '--point', backup.id, '--database', 'idoit_data', '--yes']
  const failed = await cli.run('--json', 'restore', cli.vm, ...wanted)
  await guest.sql('SET GLOBAL innodb_strict_mode = OFF')
  const { error } = JSON.parse(failed.stdout) as FailedDocument
  assert.equal(error?.code, 'load-failed', failed.stdout)
  assert.match(String(error?.message), /as they were before the restore/)
  assert.match(String(error?.message), /Row size too large/)
  assert.doesNotMatch(failed.stdout + failed.stderr, /CHAR\(255\)|long long/i)
  assert.equal(await guest.sql('SELECT a FROM idoit_data.now'), '7')
  assert.match(await guest.run('systemctl is-active apache2 cron mariadb'), /^active\nactive\nactive$/m)
})

test('files come back with owners, modes and holes, in a folder that root alone can enter', async () => {
  const { guest, cli } = subject
  await guest.run('rm -r /var/www/html/upload; echo broken > /var/www/html/src/config.inc.php')
  const only = ['--from', 'backup', '--point', backup.id, '--yes', '--only', 'files,configuration']
  const { beside } = await cli.json<FromBackup>('restore', cli.vm, ...only)
  assert.equal(await guest.run(FILES.replace('/var/www/html', `${beside}/var/www/html`)), files)
  assert.ok(Number(await guest.run(`stat -c %b ${beside}/var/www/html/upload/sparse`)) < 100)
  assert.match(await guest.run(`cat ${beside}/etc/mysql/my.cnf`), /includedir/)
  assert.match(await guest.run('cat /var/www/html/src/config.inc.php'), /broken/)
  assert.notEqual((await guest.try(`runuser -u www-data -- ls ${beside}`)).status, 0)
})

test('without stillshot: the commands of the manual read the backup back', async () => {
  const { guest } = subject
  await guest.sql('DROP DATABASE IF EXISTS idoit_data; DROP DATABASE idoit_system; DROP DATABASE shop')
  await guest.run('rm -r /var/www/html')
  await guest.sql('SET GLOBAL max_allowed_packet = 1073741824')
  assert.equal(await byHand('databases.sql.gz', 'mariadb --max-allowed-packet=1G'), 0)
  assert.equal(await byHand('files.tar.gz', 'tar -xf - -C /'), 0)
  assert.equal(await guest.sql(CONTENT), content)
  assert.equal(await guest.run(FILES), files)
})

test('a dump that fails in the middle is no backup, and the guest keeps nothing of it', async () => {
  const { guest, cli } = subject
  const before = await stored()
  const free = await lockTable()
  const running = cli.spawn('--json', 'backup', cli.vm, '--only', 'databases')
  const result = cli.result(running)
  await dumping()
  await guest.run('pkill -KILL -x mariadb-dump')
  const { status, stdout } = await result
  await free()
  const { failed } = JSON.parse(stdout) as FailedDocument
  assert.deepEqual([status, failed?.[0]?.code], [49, 'dump-failed'], stdout)
  assert.deepEqual(await stored(), before)
})

test('killed in the middle: nothing half made is listed, the guest ends the dump, recover tidies', async () => {
  const { guest, cli } = subject
  const before = await stored()
  const free = await lockTable()
  const running = cli.spawn('backup', cli.vm)
  await dumping()
  running.kill('SIGKILL')
  // It waits for the lock and writes nothing: only the end of its standard input can tell it.
  await waitFor(async () => ((await guest.try('pgrep -x mariadb-dump')).status === 1 ? true : undefined), {
    what: 'the end of the dump',
    timeoutMs: 30_000,
    everyMs: 200,
  })
  await free()
  assert.doesNotMatch((await cli.run('--json', 'list', cli.vm)).stdout, /unfinished/)
  assert.equal((await stored()).length, before.length + 1)
  assert.equal((await cli.run('recover')).status, 0)
  assert.deepEqual(await stored(), before)
  assert.equal((await cli.run('backup', cli.vm, '--dry-run')).status, 0)
})

test('a bit that turned in the repository is found, and nothing is restored from it', async () => {
  const { guest, cli } = subject
  const path = join(folder(), 'databases.sql.gz')
  const bytes = await readFile(path)
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 100) ^ 1, bytes.length - 100)
  await writeFile(path, bytes)
  const verified = await cli.run('--json', 'verify', backup.id)
  assert.equal((JSON.parse(verified.stdout) as FailedDocument).error?.code, 'backup-damaged')
  const restored = await cli.run('restore', cli.vm, '--from', 'backup', '--point', backup.id, '--yes')
  assert.equal(restored.status, 55)
  assert.equal(await guest.sql(CONTENT), content)
})

/** The dump is whole; what is not of the databases is still to come. */
async function dumped(): Promise<void> {
  const hasUsers = async () => {
    const folders = await stored().catch(() => [])
    const files = await Promise.all(folders.map((name) => readdir(join(repository, subject.cli.vm, name))))
    return files.flat().some((name) => name.startsWith('users.sql')) ? true : undefined
  }
  await waitFor(hasUsers, { what: 'the end of the dump', timeoutMs: 300_000, everyMs: 200 })
}

/** Another session keeps a table to itself: a dump waits for it. Resolves with what sets it free. */
async function lockTable(): Promise<() => Promise<void>> {
  const { guest } = subject
  const lock = 'LOCK TABLES idoit_data.obj WRITE; SELECT SLEEP(120);'
  const client = spawn('ssh', [...guest.sshArguments(`exec mariadb -e "${lock}"`)], { stdio: 'ignore' })
  const closed = once(client, 'close')
  const held = async () =>
    (await guest.sql('SHOW OPEN TABLES FROM idoit_data WHERE In_use > 0')) === '' ? undefined : true
  await waitFor(held, { what: 'the lock', timeoutMs: 30_000, everyMs: 200 })
  return async () => {
    const id = await guest.sql("SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(120)%'")
    await guest.sql(`KILL ${id}`)
    await closed
    await waitFor(async () => ((await waiting()) ? undefined : true), {
      what: 'nobody to wait for the lock',
      timeoutMs: 30_000,
      everyMs: 200,
    })
  }
}

async function waiting(): Promise<boolean> {
  return (await subject.guest.sql('SHOW PROCESSLIST')).includes('Waiting for table metadata lock')
}

async function dumping(): Promise<void> {
  const waits = async () => ((await waiting()) ? true : undefined)
  await waitFor(waits, { what: 'the dump to wait for the lock', timeoutMs: 60_000, everyMs: 200 })
}
