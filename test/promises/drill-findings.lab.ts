// time limit: 1200 s
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openSqliteCatalog } from '../../adapters/catalogs/sqlite/sqlite-catalog.ts'
import { nodeSystem } from '../../adapters/system/node-system.ts'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import type { DrillReport } from '../../src/coordinator/run-drill.ts'
import { openSubject, type PointsDocument, type Subject } from './subject.ts'

/**
 * Points that look fine from outside, each with something wrong in it that only a start of its copy shows. A table that was destroyed
 * is in drill.lab.ts.
 */
let subject: Subject
let good: RestorePoint
before(async () => {
  subject = await openSubject('drill-findings')
  await subject.guest.sql(
    'CREATE DATABASE shop; CREATE TABLE shop.t (a INT PRIMARY KEY); INSERT INTO shop.t VALUES (1)',
  )
  const { points } = await subject.cli.json<PointsDocument>('snapshot', subject.cli.vm)
  assert.ok(points[0])
  good = points[0]
  assert.equal(good.grade, 'db-stopped', JSON.stringify(good.reasons))
})
after(() => subject?.guest.destroy())

/** The catalog says of another snapshot what is true of the good one. */
async function claim(id: string, more: Partial<RestorePoint>): Promise<string> {
  const path = `${subject.cli.stateDirectory}/catalog.sqlite`
  const catalog = await openSqliteCatalog({ path, clock: nodeSystem().clock })
  try {
    const point = await catalog.point(good.id)
    assert.ok(point)
    await catalog.savePoint({ ...point, ...more, id })
    return id
  } finally {
    await catalog.close()
  }
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
  await guest.sql('INSERT INTO shop.t SELECT seq FROM seq_2_to_20000')
  await snapshotByHand('unclean')
  const codes = await found(await claim('01KB00000000000000000000A1', { snapshot: 'unclean' }))
  assert.ok(!codes.includes('other-marker'), 'its marker is that of the point')
  assert.ok(codes.length > 0, codes.join())
})

test('the marker of another run', async () => {
  const evidence = JSON.parse(JSON.stringify(good.evidence).replaceAll(good.id, '01KB00000000000000000000A2'))
  const run = '01KB00000000000000000000A2'
  assert.ok((await found(await claim(run, { run, evidence }))).includes('other-marker'))
})

test('a data directory that the snapshot does not cover', async () => {
  const { guest } = subject
  // In memory, as on any disk that no snapshot contains; the copy has the empty folder that it was mounted on.
  await guest.run(
    [
      'systemctl stop mariadb; mkdir /srv/ram; mount -t tmpfs -o size=512m none /srv/ram',
      'cp -a /var/lib/mysql/. /srv/ram/; find /var/lib/mysql -mindepth 1 -delete',
      'chown mysql:mysql /srv/ram; mount --bind /srv/ram /var/lib/mysql; systemctl start mariadb; sync',
    ].join('; '),
    { timeoutMs: 180_000 },
  )
  await guest.run('systemctl stop mariadb; sync', { timeoutMs: 120_000 })
  await snapshotByHand('uncovered')
  const codes = await found(await claim('01KB00000000000000000000A3', { snapshot: 'uncovered' }))
  assert.ok(codes.includes('other-marker'), codes.join())
})
