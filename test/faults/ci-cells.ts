import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cell } from './cell.ts'
import { CELLS, CI_CELLS } from './cells.ts'
import type { GroundName } from './ground.ts'
import type { Place } from './place.ts'

/** The fixed list's cells of a ground; `npm run faults` runs all cells and writes the table. */
export function ciCells(ground: GroundName): readonly Cell[] {
  return CELLS.filter((cell) => cell.ground === ground && CI_CELLS.includes(cell.name))
}

/** A test for every cell, each at a place that is free then: no more tests at once than places. */
export function testCells(cells: readonly Cell[], free: Place[]): void {
  for (const cell of cells) {
    test(cell.name, async () => {
      const place = free.shift()
      assert.ok(place, 'no more tests at once than places')
      try {
        const result = await place.play(cell, { stillshot: '' })
        assert.deepEqual([...result.broken, ...(result.notRun === undefined ? [] : [result.notRun])], [])
      } finally {
        free.push(place)
      }
    })
  }
}
