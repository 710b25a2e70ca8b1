import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RebuildReport } from '../../src/coordinator/rebuild-catalog.ts'
import type { ReleaseReport } from '../../src/coordinator/release-hold.ts'
import type { RestoreReport } from '../../src/coordinator/restore-report.ts'
import { WriteLoad } from '../labs/write-load.ts'
import { answers, openSubject, type PointsDocument, type Subject } from './subject.ts'

let subject: Subject
/** Ids of the rows that were acknowledged before the stop of the first test. */
let kept: readonly number[] = []
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
  kept = load.acknowledged.map(({ id }) => id).filter((id) => id <= lastBefore)
  await assertRowsAreThere()
  assert.match(await guest.sql('CHECK TABLE shop.visits'), /OK/)
})

async function assertRowsAreThere(): Promise<void> {
  // MyISAM keeps nothing in a log: without stop and sync its last seconds would be gone.
  for (const table of ['orders', 'visits']) {
    const there = new Set((await subject.guest.sql(`SELECT id FROM shop.${table}`)).split('\n').map(Number))
    assert.deepEqual(
      kept.filter((id) => !there.has(id)),
      [],
      table,
    )
  }
}

test('a restore can be undone: the safety point brings back what was there before it', async () => {
  const { guest, cli } = subject
  await guest.sql(
    'CREATE DATABASE IF NOT EXISTS later; CREATE TABLE later.t (a INT) ENGINE=InnoDB; INSERT INTO later.t VALUES (7)',
  )
  await guest.run('sync')
  const { points } = await cli.json<PointsDocument>('list', cli.vm)
  const clean = points.find(({ kind, grade }) => kind === 'snapshot' && grade === 'db-stopped')
  assert.ok(clean)
  const there = await cli.json<RestoreReport>('restore', cli.vm, '--point', clean.id, '--yes')
  assert.match((await guest.try('mariadb -N -e "SELECT a FROM later.t"')).stderr, /doesn't exist|Unknown database/)
  assert.ok(there.safetyPoint)
  const back = await cli.json<RestoreReport>('restore', cli.vm, '--undo', '--yes', '--no-safety-snapshot')
  assert.deepEqual([back.point.id, back.cameBack], [there.safetyPoint.id, true])
  assert.equal(await guest.sql('SELECT a FROM later.t'), '7')
  const again = await cli.run('restore', cli.vm, '--undo', '--yes')
  assert.equal(again.status, 18)
  assert.match(again.stderr, /is undone already, by run/)
})

test('a machine whose data are gone and that boots no more is restored, with the catalog lost as well', async () => {
  const { guest, cli } = subject
  const { points } = await cli.json<PointsDocument>('list', cli.vm)
  const clean = points.find(({ kind, grade }) => kind === 'snapshot' && grade === 'db-stopped')
  assert.ok(clean)
  for (const ending of ['', '-wal', '-shm'])
    await rm(join(cli.stateDirectory, `catalog.sqlite${ending}`), { force: true })
  const { reports } = await cli.json<{ reports: readonly RebuildReport[] }>('catalog', 'rebuild', cli.vm)
  const read = reports[0]?.points.find(({ id }) => id === clean.id)
  assert.deepEqual([read?.grade, read?.verified, read?.outcome], ['db-stopped', true, 'added'])

  await guest.run(
    'systemctl kill -s KILL mariadb; rm -rf /var/lib/mysql/*; rm -f /lib/systemd/systemd /sbin/init; sync',
  )
  const plan = await cli.json<RestoreReport>('restore', cli.vm, '--dry-run')
  assert.equal(plan.point.id, clean.id)
  assert.notEqual(plan.guest.state, 'healthy', plan.guest.message)
  await guest.reset()
  const restore = await cli.json<RestoreReport>('restore', cli.vm, '--yes')
  assert.deepEqual([restore.point.id, restore.cameBack, restore.guest.state], [clean.id, true, 'silent'])
  assert.equal(restore.safetyPoint?.grade, 'crash-only')
  await assertRowsAreThere()
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
