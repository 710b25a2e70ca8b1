// time limit: 1200 s
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openSqliteCatalog } from '../../adapters/catalogs/sqlite/sqlite-catalog.ts'
import { nodeSystem } from '../../adapters/system/node-system.ts'
import type { Catalog, RestorePoint } from '../../src/catalog/catalog.ts'
import type { DrillReport } from '../../src/coordinator/run-drill.ts'
import { openSubject, type PointsDocument, type Subject } from './subject.ts'

/**
 * Points that look fine from outside, each with something wrong in it that only a start of its copy shows. A table that was destroyed
 * is in drill.lab.ts.
 */
let subject: Subject
/** As the catalog has it: of a machine whose database stood still. */
let good: RestorePoint
before(async () => {
  subject = await openSubject('drill-findings')
  await subject.guest.sql(
    'CREATE DATABASE shop; CREATE TABLE shop.t (a INT PRIMARY KEY); INSERT INTO shop.t VALUES (1)',
  )
  const { points } = await subject.cli.json<PointsDocument>('snapshot', subject.cli.vm)
  const point = await inCatalog((catalog) => catalog.point(points[0]?.id ?? ''))
  assert.equal(point?.grade, 'db-stopped', JSON.stringify(point?.reasons))
  good = point
})
after(() => subject?.guest.destroy())

async function inCatalog<T>(work: (catalog: Catalog) => Promise<T>): Promise<T> {
  const path = `${subject.cli.stateDirectory}/catalog.sqlite`
  const catalog = await openSqliteCatalog({ path, clock: nodeSystem().clock })
  try {
    return await work(catalog)
  } finally {
    await catalog.close()
  }
}

/** The catalog says what is true of the good point, but for this. */
async function claim(more: Partial<RestorePoint>): Promise<string> {
  const point = { ...good, ...more }
  await inCatalog((catalog) => catalog.savePoint(point))
  return point.id
}

async function snapshotByHand(name: string): Promise<void> {
  await subject.lab.virsh(['snapshot-create-as', subject.guest.domain, name, '--disk-only', '--atomic'])
}

/** Codes of what spoke against the data. */
async function found(id: string): Promise<readonly string[]> {
  const { status, stdout, stderr } = await subject.cli.run('--json', 'drill', id)
  assert.match(stdout, /"findings"/, stdout + stderr)
  const { drill, findings, point } = JSON.parse(stdout) as DrillReport
  assert.equal(drill?.result, 'failed', JSON.stringify(findings))
  assert.deepEqual([status, point.grade], [47, 'suspect'])
  return findings.filter(({ verdict }) => verdict === 'contradicted').map(({ code }) => code)
}

test('an unclean stop: the server of the copy recovers, which its grade says that it need not', async () => {
  const { guest } = subject
  await guest.sql('INSERT INTO shop.t SELECT seq FROM shop.seq_2_to_20000')
  await snapshotByHand('unclean')
  // Its marker is that of the point, so only the start of its server tells.
  assert.deepEqual(await found(await claim({ snapshot: 'unclean' })), ['recovered'])
})

test('the marker of another run', async () => {
  const id = '01KB00000000000000000000A2'
  assert.deepEqual(await found(await claim({ id, run: id })), ['other-marker'])
})

test('data that the snapshot does not cover', async () => {
  const { guest } = subject
  // In memory, as on any disk that no snapshot contains; the copy has the empty folder that it was mounted on.
  const folder = '/var/lib/mysql/shop'
  await guest.run(
    [
      `systemctl stop mariadb; mkdir /srv/ram; mount -t tmpfs -o size=64m none /srv/ram; cp -a ${folder}/. /srv/ram/`,
      `find ${folder} -mindepth 1 -delete; chown mysql:mysql /srv/ram; mount --bind /srv/ram ${folder}`,
      'systemctl start mariadb; mariadb -e "SELECT COUNT(*) FROM shop.t"; systemctl stop mariadb; sync',
    ].join('; '),
    { timeoutMs: 300_000 },
  )
  await snapshotByHand('uncovered')
  const codes = await found(await claim({ snapshot: 'uncovered' }))
  assert.ok(codes.includes('damage-said'), codes.join())
  assert.ok(!codes.includes('other-marker'), 'its marker is that of the point')
})
