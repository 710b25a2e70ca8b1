// time limit: 900 s
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { DumpEvidence } from '../../src/coordinator/backup-manifest.ts'
import { WriteLoad } from '../labs/write-load.ts'
import { openSubject, type PointsDocument, type Subject } from './subject.ts'

let subject: Subject
let repository: string
before(async () => {
  // A file system of its own, so that it counts as mounted, and none that holds the guest's disks.
  repository = await mkdtemp('/dev/shm/stillshot-repository-')
  subject = await openSubject('backup', {
    vmMore: `    profile: app
    backup: { repository: nas }`,
    more: `profiles:
  app:
    components: [{ unit: cron.service }, { unit: apache2.service }, { dbms: auto }]
    backup: { files: [/var/www/html], exclude: [/var/www/html/temp] }
repositories:
  nas: { kind: directory, path: ${repository}, compression: gzip }
  small: { kind: directory, path: ${repository}, mount: false }
`,
  })
  await arrange()
})
after(async () => {
  await subject?.guest.destroy()
  await rm(repository, { recursive: true, force: true })
})

/** An installation like i-doit's: two tenants whose tables name each other, uploads with attributes. */
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
    INSERT INTO idoit_data.cat VALUES (10, 1), (11, 3);`)
  await guest.run(`mkdir -p /var/www/html/upload/files /var/www/html/temp /var/www/html/src
    echo config > /var/www/html/src/config.inc.php; head -c 300000 /dev/urandom > /var/www/html/upload/files/1_image.png
    truncate -s 50M /var/www/html/upload/sparse; echo cached > /var/www/html/temp/cache
    chown -R www-data:www-data /var/www/html/upload; chmod 640 /var/www/html/src/config.inc.php`)
}

test('a backup under a write load is whole, of one moment, and named beside the snapshots', async () => {
  const { guest, cli } = subject
  const load = await WriteLoad.start(guest)
  await guest.sql('ALTER TABLE shop.visits ENGINE=InnoDB')
  const { points } = await cli.json<PointsDocument>('backup', cli.vm)
  await load.stop()
  const [point] = points
  assert.ok(point)
  assert.deepEqual([point.kind, point.grade, point.reasons], ['dump', 'db-locked', []])
  const { manifest } = point.evidence as DumpEvidence
  assert.deepEqual(
    manifest.streams.map(({ name }) => name),
    [...['databases.sql.gz', 'users.sql.gz', 'files.tar.gz', 'configuration.tar.gz', 'packages.txt.gz']],
  )
  assert.deepEqual(await readdir(join(repository, cli.vm)), [point.id])
  const listed = await cli.run('list', cli.vm)
  assert.match(listed.stdout, /dump +nas: /)
})
