import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DrillRecord } from '../../src/catalog/catalog.ts'
import type { Procedures } from '../../src/cli/procedures.ts'
import type { DrillOrder } from '../../src/coordinator/run-drill.ts'
import { run, somePoint } from './fake-app.ts'

const RECORD: DrillRecord = {
  ...{ run: '01JDRRRRRRRRRRRRRRRRRRRRRR', at: '2027-01-15T08:00:00.000Z', result: 'passed', reasons: [], tables: 31 },
  ...{ bootMs: 40_000, readyMs: 9_000, checkMs: 12_000, totalMs: 65_000 },
}

/** A command line whose drill ends so; with what it was asked for. */
async function drill(argv: readonly string[], record: DrillRecord = RECORD) {
  const asked: Pick<DrillOrder, 'pointId' | 'dryRun'>[] = []
  const runDrill: Procedures['runDrill'] = async (_, { name }, { pointId, dryRun }) => {
    asked.push({ dryRun, ...(pointId === undefined ? {} : { pointId }) })
    const drills = dryRun ? {} : { drill: record }
    const findings = [{ verdict: 'proven', code: 'tables-good', message: '31 tables are good' } as const]
    return { version: 1, vm: name, point: somePoint(), plan: ['make a copy'], findings, ...drills }
  }
  return { ...(await run(['drill', ...argv], { points: [somePoint()], procedures: { runDrill } })), asked }
}

test('drill of a VM takes the point that the coordinator chooses, drill of a point that one', async () => {
  const ofVm = await drill(['db1'])
  assert.deepEqual([ofVm.status, ofVm.asked, ofVm.opened], [0, [{ dryRun: false }], ['db1']])
  const { id } = somePoint()
  const ofPoint = await drill([id.slice(0, 8)])
  assert.deepEqual([ofPoint.asked, ofPoint.opened], [[{ dryRun: false, pointId: id }], ['db1']])
})

test('drill of a word that is neither says which VMs there are', async () => {
  const { status, err, opened } = await drill(['db9'])
  assert.deepEqual([status, opened], [14, []])
  assert.match(err, /did you mean db1/)
})

test('drill says the result, every finding and the times; the exit status says which result', async () => {
  const { out } = await drill(['db1'])
  assert.match(out, /drill passed in 1 min 5 s: boot 40.0 s, ready 9.0 s, checks 12.0 s/)
  assert.match(out, /proven: 31 tables are good/)
  assert.equal((await drill(['db1'], { ...RECORD, result: 'failed' })).status, 47)
  assert.equal((await drill(['db1'], { ...RECORD, result: 'inconclusive' })).status, 48)
  const document = JSON.parse((await drill(['db1', '--json'])).out)
  assert.deepEqual(
    [document.command, document.drill.result, document.findings[0].code],
    ['drill', 'passed', 'tables-good'],
  )
})

test('drill --dry-run shows the plan and opens the VM to look only', async () => {
  const { out, status, opened, asked } = await drill(['db1', '--dry-run'])
  assert.deepEqual([status, opened, asked], [0, ['db1, to look'], [{ dryRun: true }]])
  assert.match(out, /1\. make a copy/)
})

test('list and show tell of drills', async () => {
  const points = [somePoint({ drills: [{ ...RECORD, result: 'inconclusive' }, RECORD] })]
  assert.match((await run(['list'], { points })).out, /passed, \d/)
  const { out } = await run(['show', somePoint().id], { points, procedures: { readJournal: async () => [] } })
  assert.match(out, /drill of 2027-01-15T08:00:00.000Z: inconclusive in .*\n.*drill of .*: passed in/)
})
