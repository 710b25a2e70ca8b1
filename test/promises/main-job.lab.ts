import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { ReleaseReport } from '../../src/coordinator/release-hold.ts'
import type { RestoreReport } from '../../src/coordinator/restore-report.ts'
import { WriteLoad } from '../labs/write-load.ts'
import { answers, openSubject, type PointsDocument, type Subject } from './subject.ts'

let subject: Subject
before(async () => {
  subject = await openSubject('main-job')
})
after(() => subject?.guest.destroy())

test('a snapshot under a write load is db-stopped, and a restore brings every acknowledged row back', async () => {
  const { guest, cli } = subject
  const load = await WriteLoad.start(guest)
  const beganMs = performance.now()
  const { points } = await cli.json<PointsDocument>('snapshot', cli.vm, '--note', 'before the upgrade')
  await load.stop()
  const [point] = points
  assert.ok(point?.outage)
  assert.deepEqual([point.grade, point.reasons], ['db-stopped', []])
  const { stopMs, snapshotMs, startMs, readyMs, totalMs } = point.outage
  assert.equal(stopMs + snapshotMs + startMs + readyMs, totalMs)
  assert.ok(Math.min(stopMs, snapshotMs, startMs) > 0)

  const { lastBefore } = load.longestGap(beganMs)
  await guest.sql('DROP DATABASE shop')
  const restore = await cli.json<RestoreReport>('restore', cli.vm, '--point', point.id, '--yes')
  assert.equal(restore.cameBack, true)
  assert.equal(restore.safetyPoint?.kind, 'safety')
  // MyISAM keeps nothing in a log: without stop and sync its last seconds would be gone.
  for (const table of ['orders', 'visits']) {
    const there = new Set((await guest.sql(`SELECT id FROM shop.${table}`)).split('\n').map(Number))
    const lost = load.acknowledged.filter(({ id }) => id <= lastBefore && !there.has(id))
    assert.deepEqual(lost, [], table)
  }
  assert.match(await guest.sql('CHECK TABLE shop.visits'), /OK/)
})

test('a restore can be undone: the safety point brings back what was there before it', async () => {
  const { guest, cli } = subject
  await guest.sql(
    'CREATE DATABASE IF NOT EXISTS later; CREATE TABLE later.t (a INT) ENGINE=InnoDB; INSERT INTO later.t VALUES (7)',
  )
  await guest.run('sync')
  const { points } = await cli.json<PointsDocument>('list', cli.vm)
  const clean = points.find(({ grade }) => grade === 'db-stopped')
  assert.ok(clean)
  const there = await cli.json<RestoreReport>('restore', cli.vm, '--point', clean.id, '--yes')
  assert.match((await guest.try('mariadb -N -e "SELECT a FROM later.t"')).stderr, /doesn't exist|Unknown database/)
  assert.ok(there.safetyPoint)
  await cli.json('restore', cli.vm, '--point', there.safetyPoint.id, '--yes', '--no-safety-snapshot')
  assert.equal(await guest.sql('SELECT a FROM later.t'), '7')
})

test('hold stops the server until release starts it, and both may be asked twice', async () => {
  const { guest, cli } = subject
  const { hold } = await cli.json<{ hold: { id: string } }>('hold', cli.vm)
  const { id } = hold
  assert.equal(await answers(guest), false)
  const release = await cli.json<ReleaseReport>('release', id)
  assert.equal(await answers(guest), true)
  assert.equal(release.grade, 'db-stopped', JSON.stringify(release.reasons))
  const again = await cli.json<ReleaseReport>('release', id)
  assert.equal(again.state, 'released')
})

test('check changes nothing and finds nothing to mend', async () => {
  const { guest, cli } = subject
  const before = await guest.run('systemctl show -p InvocationID --value mariadb')
  const result = await cli.run('--json', 'check', cli.vm)
  assert.equal(result.status, 0, result.stdout)
  assert.equal(await guest.run('systemctl show -p InvocationID --value mariadb'), before)
})
