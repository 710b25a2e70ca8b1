// runs beside other labs
// time limit: 900 s
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import type { RestoreReport } from '../../src/coordinator/restore-report.ts'
import { type ContainerSubject, openContainerSubject } from '../labs/container/container-subject.ts'
import type { PointsDocument } from './subject.ts'

let subject: ContainerSubject
let point: RestorePoint
before(async () => {
  subject = await openContainerSubject('held-safety')
  const { cli, guest } = subject
  await cli.installHelper(guest)
  await guest.sql('CREATE DATABASE kept; CREATE TABLE kept.t (a INT) ENGINE=MyISAM; INSERT INTO kept.t VALUES (1)')
  const { points } = await cli.json<PointsDocument>('snapshot', cli.vm)
  const [taken] = points
  assert.equal(taken?.grade, 'db-stopped')
  point = taken as RestorePoint
})
after(() => subject?.close())

const rows = () => subject.guest.sql('SELECT a FROM kept.t ORDER BY a')

test('the safety snapshot of a restore is taken while the server stands still: db-stopped, and nothing was written behind it', async () => {
  const { cli, guest } = subject
  await guest.sql('INSERT INTO kept.t VALUES (2)')
  const report = await cli.json<RestoreReport>('restore', cli.vm, '--point', point.id, '--yes')
  assert.deepEqual(
    [report.cameBack, report.safetyPoint?.grade, report.safetyPoint?.mode, report.safety?.held, report.safetyGap?.held],
    [true, 'db-stopped', 'stop', true, true],
  )
  assert.equal(await rows(), '1')
})

test('an undo proves that point: its marker, its clean start, and a table without a log whole', async () => {
  const { cli } = subject
  const report = await cli.json<RestoreReport>('restore', cli.vm, '--undo', '--yes')
  assert.equal(report.cameBack, true, JSON.stringify(report.proofs))
  const proven = report.proofs.filter(({ verdict }) => verdict === 'proven').map(({ code }) => code)
  assert.ok(proven.includes('marker-read'), proven.join(', '))
  assert.equal(await rows(), '1\n2')
})

test('of a server that is down nothing is held, and it is said', async () => {
  const { cli, guest } = subject
  await guest.run('systemctl stop mariadb')
  const report = await cli.json<RestoreReport>('restore', cli.vm, '--point', point.id, '--yes')
  assert.deepEqual([report.safety?.held, report.safetyPoint?.grade], [false, 'crash-only'])
  assert.equal(await rows(), '1')
})
