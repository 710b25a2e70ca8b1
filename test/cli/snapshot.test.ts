import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StillshotError } from '../../src/errors.ts'
import { run, somePoint } from './fake-app.ts'

const REASON = { code: 'redo-not-closed', message: 'the redo log was not closed' }

test('snapshot prints grade, outage split and the way back', async () => {
  const takeSnapshot = async () => somePoint()
  const { status, out } = await run(['snapshot', 'db1'], { procedures: { takeSnapshot } })
  assert.equal(status, 0)
  assert.match(out, /db1: restore point 01JDAAAA/)
  assert.match(out, /db-stopped: the database was stopped cleanly/)
  assert.match(out, /outage 4\.2 s: stop 1\.1 s, snapshot 600 ms, start 1\.9 s, ready 600 ms/)
  assert.match(out, /stillshot restore db1 --point 01JDAAAA/)
})

test('snapshot --json prints the document of the contract', async () => {
  const takeSnapshot = async () => somePoint()
  const { out } = await run(['snapshot', 'db1', '--json'], { procedures: { takeSnapshot } })
  const document = JSON.parse(out)
  assert.deepEqual([document.version, document.command, document.failed], [1, 'snapshot', []])
  const {
    id,
    run: runId,
    vm,
    hypervisor,
    snapshot,
    createdAt,
    mode,
    grade,
    reasons,
    outage,
    evidence,
  } = document.points[0]
  const { version: _, vmKey: __, kind: ___, ...point } = somePoint()
  assert.deepEqual(
    { id, run: runId, vm, hypervisor, snapshot, createdAt, mode, grade, reasons, outage, evidence },
    point,
  )
})

test('mode, note and signal reach the procedure', async () => {
  const seen: unknown[] = []
  const controller = new AbortController()
  const takeSnapshot = async (_: unknown, settings: { name: string }, order: object) => {
    seen.push([settings.name, order])
    return somePoint()
  }
  await run(['snapshot', 'db1', '--note', 'before the update'], {
    procedures: { takeSnapshot },
    signal: controller.signal,
  })
  assert.deepEqual(seen, [['db1', { mode: 'stop', note: 'before the update', signal: controller.signal }]])
})

test('mode freeze is taken and checked as such, and fs-frozen is the best that it can earn', async () => {
  const modes: unknown[] = []
  const takeSnapshot = async (_: unknown, __: unknown, { mode }: { mode: string }) => {
    modes.push(mode)
    return somePoint({ mode: 'freeze', grade: modes.length === 1 ? 'fs-frozen' : 'crash-only' })
  }
  const checkVm = async (_: unknown, { name }: { name: string }, { mode }: { mode?: string }) => {
    modes.push(`check ${mode}`)
    return { ...REPORT, vm: name, ok: true, findings: [] }
  }
  const words = ['snapshot', 'db1', '--mode', 'freeze']
  const statuses = []
  for (let i = 0; i < 2; i += 1) statuses.push((await run(words, { procedures: { takeSnapshot } })).status)
  statuses.push((await run([...words, '--dry-run'], { procedures: { checkVm } })).status)
  assert.deepEqual(modes, ['freeze', 'freeze', 'check freeze'])
  assert.deepEqual(statuses, [0, 40, 0])
})

test('a grade below the mode’s best is kept, explained, and exits 40', async () => {
  const takeSnapshot = async () => somePoint({ grade: 'suspect', reasons: [REASON] })
  const { status, out } = await run(['snapshot', 'db1'], { procedures: { takeSnapshot } })
  assert.equal(status, 40)
  assert.match(out, /suspect: .*\n.*because the redo log was not closed \(redo-not-closed\)/)
})

test('of several VMs each has its turn, the failed ones are listed, the worst exit status wins', async () => {
  const takeSnapshot = async (_: unknown, { name }: { name: string }) => {
    if (name === 'db2') return somePoint({ vm: 'db2', grade: 'crash-only' })
    throw new StillshotError('guest-unreachable', 'db1 does not answer', { details: { run: '01RUN' } })
  }
  const json = await run(['snapshot', 'db1', 'db2', '--json'], { procedures: { takeSnapshot } })
  assert.equal(json.status, 40)
  assert.deepEqual(json.opened, ['db1', 'db2'])
  const document = JSON.parse(json.out)
  assert.deepEqual(
    document.points.map(({ vm }: { vm: string }) => vm),
    ['db2'],
  )
  assert.deepEqual(Object.keys(document.failed[0]), ['run', 'vm', 'code', 'message', 'hint'])
  assert.deepEqual([document.failed[0].run, document.failed[0].code], ['01RUN', 'guest-unreachable'])
  const plain = await run(['snapshot', 'db1', 'db2'], { procedures: { takeSnapshot } })
  assert.match(plain.err, /db1: db1 does not answer \(guest-unreachable\)[\s\S]*run 01RUN/)
  assert.doesNotMatch(plain.out, /does not answer/)
})

test('a cancelled command does not begin with the next VM', async () => {
  const controller = new AbortController()
  const takeSnapshot = async () => {
    controller.abort()
    throw new StillshotError('cancelled', 'cancelled by SIGINT')
  }
  const ran = await run(['snapshot', 'db1', 'db2'], { procedures: { takeSnapshot }, signal: controller.signal })
  assert.equal(ran.status, 130)
  assert.deepEqual(ran.opened, ['db1'])
  assert.match(ran.err, /db2: cancelled before it began/)
})

test('a point that is kept although the guest is not as it was is named', async () => {
  const takeSnapshot = async () => {
    throw new StillshotError('come-back-failed', 'db1 is not as before', {
      details: { run: '01RUN', point: somePoint() },
    })
  }
  const plain = await run(['snapshot', 'db1'], { procedures: { takeSnapshot } })
  assert.equal(plain.status, 42)
  assert.match(plain.err, /restore point 01JDA\w+ is kept/)
  assert.match(plain.out, /db-stopped/)
  const json = await run(['snapshot', 'db1', '--json'], { procedures: { takeSnapshot } })
  const { points, failed } = JSON.parse(json.out)
  assert.deepEqual([points[0].id, failed[0].point], [somePoint().id, somePoint().id])
})

const REPORT = { vm: 'db1', ok: true, findings: [], coverage: [{ guest: 'vda', disk: 'vda', by: 'serial' as const }] }

test('--dry-run checks and takes nothing', async () => {
  const checkVm = async () => ({ ...REPORT, forecast: { stopMs: 1000, snapshotMs: 500, startMs: 2000, totalMs: 3500 } })
  const { status, out, opened } = await run(['snapshot', 'db1', '--dry-run'], { procedures: { checkVm } })
  assert.deepEqual([status, opened], [0, ['db1, to look']])
  assert.match(out, /db1: ready/)
  assert.match(out, /forecast of the outage: 3\.5 s/)
})

test('check without names looks at every VM and exits by what it found', async () => {
  const hint = 'mend it'
  const refusal = { severity: 'refuse', code: 'fast-shutdown-2', message: 'innodb_fast_shutdown is 2', hint } as const
  const checkVm = async (_: unknown, { name }: { name: string }) => ({
    ...REPORT,
    vm: name,
    ok: name === 'db1',
    findings: name === 'db1' ? [] : [refusal],
  })
  const { status, out, opened } = await run(['check'], { procedures: { checkVm } })
  assert.equal(status, 41)
  assert.deepEqual(opened, ['db1, to look', 'db2, to look', 'locked, to look'])
  assert.match(out, /db2: a run would be refused\n {2}refuse {2}innodb_fast_shutdown is 2\n +mend it/)
  const unreachable = { ...refusal, error: 'guest-unreachable' } as const
  const one = await run(['check', 'db1'], {
    procedures: { checkVm: async () => ({ ...REPORT, ok: false, findings: [unreachable] }) },
  })
  assert.equal(one.status, 30)
})
