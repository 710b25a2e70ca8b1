import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RebuildReport } from '../../src/coordinator/rebuild-catalog.ts'
import { run } from './fake-app.ts'

const CLAIMED = { code: 'claimed', message: 'its description claims db-stopped for db1, and is not signed' }

const REPORT: RebuildReport = {
  version: 1,
  vm: 'db1',
  dryRun: false,
  points: [
    {
      ...{ id: '01JDAAAAAAAAAAAAAAAAAAAAAA', snapshot: 's', createdAt: '2027-01-15T07:00:00.000Z', outcome: 'added' },
      ...{ grade: 'suspect', claimed: 'db-stopped', verified: false, reasons: [CLAIMED] },
    },
  ],
  left: [{ snapshot: 'by-hand', reason: { code: 'not-ours', message: 'it does not say to be of stillshot' } }],
}

test('catalog rebuild tells what each snapshot says, and whether that is verified', async () => {
  const orders: string[] = []
  const rebuildCatalog = async (_: unknown, { name }: { name: string }, { dryRun }: { dryRun: boolean }) => {
    orders.push(`${name} ${dryRun}`)
    return { ...REPORT, vm: name, dryRun }
  }
  const procedures = { rebuildCatalog }
  const { out, status, opened } = await run(['catalog', 'rebuild', 'db1'], { procedures })
  assert.deepEqual([status, opened], [0, ['db1']])
  assert.match(out, /^db1: 1 snapshots and backups say to be of stillshot, 1 read back$/m)
  assert.match(out, /^ {2}01JDA\w+ +1 h +suspect +db-stopped, only claimed +added +its description claims/m)
  assert.match(out, /^ {2}left alone: by-hand/m)
  const dry = await run(['catalog', 'rebuild', '--dry-run', '--json'], { procedures })
  assert.equal(JSON.parse(dry.out).reports.length, 3)
  assert.deepEqual(dry.opened, ['db1, to look', 'db2, to look', 'locked, to look'])
  assert.deepEqual(orders, ['db1 false', 'db1 true', 'db2 true', 'locked true'])
})
