// time limit: 900 s
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import type { RecoverReport } from '../../src/coordinator/recover-runs.ts'
import type { DrillReport } from '../../src/coordinator/run-drill.ts'
import { waitFor } from '../labs/wait-for.ts'
import { openSubject, type PointsDocument, type Subject } from './subject.ts'

/** Copies of a real machine, reached by the real qemu-guest-agent and by nothing else. What a drill finds is in drill-findings.lab.ts. */
let subject: Subject
before(async () => {
  subject = await openSubject('drill', {
    vmMore: '    drill: { assert: ["SELECT COUNT(*) = 3 FROM shop.orders"] }\n',
  })
  await subject.guest.sql(
    'CREATE DATABASE shop; CREATE TABLE shop.orders (a INT PRIMARY KEY); INSERT INTO shop.orders VALUES (1), (2), (3);',
  )
})
after(() => subject?.guest.destroy())

async function snapshot(): Promise<RestorePoint> {
  const { points } = await subject.cli.json<PointsDocument>('snapshot', subject.cli.vm)
  const [point] = points
  assert.ok(point)
  assert.equal(point.grade, 'db-stopped', JSON.stringify(point.reasons))
  return point
}

async function drill(point: RestorePoint): Promise<{ status: number | null; report: DrillReport }> {
  const { status, stdout, stderr } = await subject.cli.run('--json', 'drill', point.id)
  assert.match(stdout, /"findings"/, stdout + stderr)
  return { status, report: JSON.parse(stdout) }
}

async function copies(): Promise<readonly string[]> {
  const names = await subject.lab.virsh(['list', '--all', '--name'])
  return names.split('\n').filter((name) => /^stillshot-[0-9A-Z]{26}$/.test(name.trim()))
}

let good: RestorePoint

test('a good point passes: marker, start without recovery, every table, the admin’s own question', async () => {
  good = await snapshot()
  await subject.guest.sql('DELETE FROM shop.orders')
  const { status, report } = await drill(good)
  assert.equal(report.drill?.result, 'passed', JSON.stringify(report.findings))
  assert.equal(status, 0)
  const codes = report.findings.filter(({ verdict }) => verdict === 'proven').map(({ code }) => code)
  for (const code of ['marker-read', 'no-recovery-lines', 'tables-good', 'assertion-true', 'end-of-log-equal']) {
    assert.ok(codes.includes(code), `${code}: ${JSON.stringify(report.findings)}`)
  }
  assert.equal(report.point.grade, 'db-stopped')
  assert.deepEqual(await copies(), [])
  assert.equal(await subject.guest.sql('SELECT COUNT(*) FROM shop.orders'), '0', 'the machine itself goes on')
})

test('kill -9 while the copy runs: recover leaves none, and the machine is as it was', async () => {
  const { cli, lab, guest } = subject
  const child = cli.spawn('drill', good.id)
  const [name] = await waitFor(async () => ((await copies()).length > 0 ? await copies() : undefined), {
    what: 'the copy',
    timeoutMs: 120_000,
    everyMs: 200,
  })
  await waitFor(async () => ((await lab.virsh(['domstate', name ?? ''])).includes('running') ? true : undefined), {
    what: 'its start',
    timeoutMs: 120_000,
    everyMs: 200,
  })
  child.kill('SIGKILL')
  await once(child, 'close')
  const report = await cli.json<RecoverReport>('recover')
  assert.deepEqual(
    report.settled.map(({ procedure, outcome }) => [procedure, outcome]),
    [['drill', 'recovered']],
  )
  assert.deepEqual(await copies(), [])
  assert.equal(await guest.sql('SELECT COUNT(*) FROM shop.orders'), '0')
})
