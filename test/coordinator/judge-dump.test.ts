import assert from 'node:assert/strict'
import { test } from 'node:test'
import { proveOneMoment } from '../../src/coordinator/judge-dump.ts'
import type { InventoryAnswer } from '../../src/guest/protocol/answers.ts'

type Facts = Pick<InventoryAnswer, 'databases' | 'loose'>

const shop = (tables: number, shape: number | null) => ({ name: 'shop', tables, sizeBytes: 1, shape })
const visits = (updated: string) => ({ database: 'shop', table: 'visits', engine: 'MyISAM', updated })
const seen = (databases: Facts['databases'], loose: Facts['loose'] = []) =>
  ({ serverSilent: null, databases, loose }) as unknown as InventoryAnswer
const verdict = (before: InventoryAnswer, after: InventoryAnswer) => {
  const { verdict, code } = proveOneMoment(before, after)
  return `${verdict} ${code}`
}

test('a dump is of no known moment where a table, or a database, went away or was altered meanwhile', () => {
  const before = seen([shop(2, 7)])
  assert.equal(verdict(before, before), 'proven one-transaction')
  assert.equal(verdict(before, seen([shop(1, 5)])), 'unknown tables-changed')
  assert.equal(verdict(before, seen([shop(2, 8)])), 'unknown tables-changed')
  assert.equal(verdict(before, seen([])), 'unknown tables-changed')
  assert.equal(verdict(before, seen([shop(2, 7), { ...shop(1, 1), name: 'new' }])), 'proven one-transaction')
})

test('what was written without a transaction speaks louder than what was altered', () => {
  const before = seen([shop(2, 7)], [visits('10:00:00')])
  assert.equal(verdict(before, seen([shop(2, 8)], [visits('10:00:01')])), 'contradicted tables-written')
})
