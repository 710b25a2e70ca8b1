// runs natively
// time limit: 600 s
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import type { DumpEvidence } from '../../src/coordinator/backup-manifest.ts'
import { type ContainerSubject, openContainerSubject } from '../labs/container/container-subject.ts'
import type { FailedDocument, PointsDocument } from './subject.ts'

/** Two guests with servers of their own, and a repository of 6 MiB that a test can fill. */
let one: ContainerSubject
let other: ContainerSubject
let folder: string
before(async () => {
  folder = await mkdtemp('/dev/shm/stillshot-elsewhere-')
  const path = join(folder, 'small')
  await mkdir(path)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'none', path])
  const settings = {
    vmMore: `    profile: app
    backup: { repository: nas }`,
    more: `profiles:
  app:
    components: [{ unit: cron.service }, { dbms: auto }]
    backup: { files: [/srv/app] }
repositories:
  nas: { kind: directory, path: ${path}, compression: gzip }
`,
  }
  one = await openContainerSubject('one', settings)
  other = await openContainerSubject('other', settings)
  await bothInOneConfiguration()
  await one.guest.sql(`CREATE DATABASE shop; CREATE TABLE shop.orders (id INT PRIMARY KEY) ENGINE=InnoDB;
    INSERT INTO shop.orders VALUES (1), (2); CREATE USER clerk@localhost IDENTIFIED BY 'x'`)
  await other.guest.sql(
    'CREATE DATABASE shop; CREATE TABLE shop.theirs (id INT); CREATE DATABASE kept; CREATE TABLE kept.t (i INT)',
  )
  await one.guest.run('mkdir -p /srv/app && echo a > /srv/app/a')
  backup = await backUp()
})
after(async () => {
  await one?.close()
  await other?.close()
  execFileSync('umount', [join(folder, 'small')])
  await rm(folder, { recursive: true, force: true })
})

let backup: RestorePoint

/** stillshot of the first knows the second guest, too. */
async function bothInOneConfiguration(): Promise<void> {
  const [text, theirs] = await Promise.all([one, other].map(({ cli }) => readFile(cli.configPath, 'utf8')))
  const line = /^hypervisors:\n(.*)\n/m
  const entry = /^vms:\n([\s\S]*?)^state:/m
  const second = (line.exec(theirs ?? '')?.[1] ?? '').replace(/^(\s+)[\w-]+:/, '$1second:')
  const vm = (entry.exec(theirs ?? '')?.[1] ?? '').replace(/hypervisor: \S+/, 'hypervisor: second')
  const joined = (text ?? '')
    .replace(line, (all) => `${all}${second}\n`)
    .replace(entry, (_, vms) => `vms:\n${vms}${vm}state:`)
  await writeFile(one.cli.configPath, joined, { mode: 0o600 })
  const hosts = join(one.cli.folder, 'known_hosts')
  const known = await Promise.all([one, other].map(({ cli }) => readFile(join(cli.folder, 'known_hosts'), 'utf8')))
  await writeFile(hosts, known.join(''), { mode: 0o600 })
}

async function backUp(): Promise<RestorePoint> {
  const { points } = await one.cli.json<PointsDocument>('backup', one.cli.vm)
  return points[0] ?? assert.fail('there is no backup')
}

const stored = () => readdir(join(folder, 'small', one.cli.vm))

test('which storage the VM lies on is asked for, and what its hypervisor does not tell is said to be unknown', async () => {
  const told = await one.cli.run('backup', one.cli.vm, '--dry-run')
  assert.match(
    told.stdout,
    /same storage as the VM is unknown: storage local may not be seen: it needs Datastore\.Audit/,
  )
  const { manifest } = (backup.evidence ?? {}) as DumpEvidence
  assert.deepEqual([manifest.place?.host, manifest.place?.storage], ['this', 'unknown'])
  assert.match(
    (await one.cli.run('check', one.cli.vm)).stdout,
    /no good restore point of \S+ is known to lie elsewhere/,
  )
})

test('a backup of one guest is put into another: what was there is dumped first, what was not named stays', async () => {
  const words = ['restore', one.cli.vm, '--from', 'backup', '--into', other.cli.vm, '--users', '--yes'] as const
  const { vm, safetyPoint, undoWith } = await one.cli.json<Record<string, unknown>>(...words)
  assert.equal(vm, other.cli.vm)
  assert.equal((safetyPoint as RestorePoint).vm, other.cli.vm)
  assert.equal(await other.guest.sql('SELECT GROUP_CONCAT(id) FROM shop.orders'), '1,2')
  assert.equal(await other.guest.sql('SHOW TABLES FROM shop'), 'orders')
  assert.equal(await other.guest.sql("SELECT COUNT(*) FROM mysql.user WHERE user = 'clerk'"), '1')
  assert.equal(await other.guest.sql('SHOW TABLES FROM kept'), 't')
  assert.match(String(undoWith), new RegExp(`^stillshot restore ${other.cli.vm} `))
  assert.equal(await one.guest.sql('SELECT COUNT(*) FROM shop.orders'), '2')
})

test('a repository that is full keeps what it had, lists no half backup, and leaves nothing in the guest', async () => {
  const before = await stored()
  await one.guest.run('head -c 20000000 /dev/urandom > /srv/app/big')
  const { stdout, status } = await one.cli.run('--json', 'backup', one.cli.vm)
  const { failed } = JSON.parse(stdout) as FailedDocument
  assert.equal(failed?.[0]?.code, 'storage-full', stdout)
  assert.notEqual(status, 0)
  assert.deepEqual(await stored(), before)
  assert.equal((await one.guest.try('pgrep -x mariadb-dump; pgrep -x tar; pgrep -x gzip')).stdout.trim(), '')
  assert.equal((await one.cli.run('verify', backup.id)).status, 0)
})

test('a full disk of the guest keeps no backup from being made, and none is half restored', async () => {
  await one.guest.run(
    'rm /srv/app/big; mount -t tmpfs -o size=4k,mode=755 none /var/lib/stillshot && head -c 4096 /dev/zero > /var/lib/stillshot/full',
  )
  await backUp()
  const content = await one.guest.sql('SELECT GROUP_CONCAT(id) FROM shop.orders')
  const restored = await one.cli.run('--json', 'restore', one.cli.vm, '--from', 'backup', '--point', backup.id, '--yes')
  assert.notEqual(restored.status, 0, restored.stdout)
  assert.equal(await one.guest.sql('SELECT GROUP_CONCAT(id) FROM shop.orders'), content)
  await one.guest.run('umount /var/lib/stillshot')
  assert.equal((await one.guest.run('systemctl is-active cron mariadb')).trim(), 'active\nactive')
})
