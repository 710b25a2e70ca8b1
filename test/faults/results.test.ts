import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { CellResult } from './cell.ts'
import { CELLS, FAULTS } from './cells.ts'
import { reportOf } from './report.ts'
import { inOrderOfNeed, mergeResults, readResults, summaryOf } from './results.ts'

const [first, second, third] = CELLS.map(({ name }) => name)

function result(cell: string | undefined, more: Partial<CellResult> = {}): CellResult {
  const versions = { stillshot: '1', mariadb: '2', libvirt: '3', qemu: '4' }
  const told = ['snapshot: db-stopped']
  return {
    ...{ cell: cell ?? '', at: '2026-01-02T03:04:05.000Z', told, outageMs: 5, longestMs: 5 },
    ...{ grades: ['db-stopped'], broken: [], tookMs: 1, versions },
    ...more,
  }
}

function resultsOf(...results: readonly CellResult[]) {
  return new Map(results.map((each) => [each.cell, each]))
}

describe('results of the faults', () => {
  test('new results take the place of older ones of the same cell, others stay', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'faults-'))
    const path = join(folder, 'deep', 'results.json')
    try {
      await mergeResults(path, [result(first), result(second)])
      await mergeResults(path, [result(second, { outageMs: 9 })])
      const read = await readResults(path)
      assert.deepEqual([read.size, read.get(second ?? '')?.outageMs], [2, 9])
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('cells that were never run come first, then the oldest', () => {
    const results = resultsOf(result(first, { at: '2026-02-01' }), result(second, { at: '2026-01-01' }))
    const names = inOrderOfNeed(CELLS.slice(0, 3), results).map(({ name }) => name)
    assert.deepEqual(names, [third, second, first])
  })

  test('a cell counts as kept, broken or not run, and as one of them only', () => {
    const results = resultsOf(
      result(first),
      result(second, { broken: ['down for ever'] }),
      result(third, { notRun: 'not reached' }),
    )
    const summary = summaryOf(CELLS.slice(0, 3), results, { 'a/b/c': 'no such part here' })
    assert.equal(summary.cells, 4)
    assert.equal(summary.kept, 1)
    assert.deepEqual(
      summary.broken.map(({ cell }) => cell),
      [second],
    )
    assert.deepEqual(summary.notRun, [
      { cell: 'a/b/c', reason: 'no such part here' },
      { cell: third, reason: 'not reached' },
    ])
  })

  test('the report has a row for every result, and its words break no table', () => {
    const results = resultsOf(result(first, { told: ['a | b\nc'], broken: ['<gone>'] }))
    const summary = summaryOf(CELLS, results, {})
    const report = reportOf({ cells: CELLS, faults: FAULTS, ttlMs: 1_000 }, results, summary)
    assert.match(report, /a \\\| b c .* \*\*broken\*\*: &lt;gone>/)
    assert.ok(report.includes(`\`${second}\`: not run yet`))
  })
})
