// time limit: 3600 s
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openLab } from '../labs/lab.ts'
import type { Cell } from './cell.ts'
import { CELLS, CI_CELLS } from './cells.ts'
import { Place } from './place.ts'

/** The fixed list; `npm run faults` runs all cells and writes the table. Two guests, so that one waits while the other works. */
const GUESTS = ['faults-ci-1', 'faults-ci-2']
let places: readonly Place[] = []
let free: Place[] = []
before(async () => {
  const lab = await openLab({ log: () => {} })
  places = GUESTS.map((guest) => new Place(lab, guest))
  free = [...places]
})
after(async () => {
  for (const place of places) await place.close()
})

const cells = CELLS.filter(({ name }) => CI_CELLS.includes(name))

describe('faults beside each other', { concurrency: GUESTS.length }, () => {
  for (const cell of cells.filter(({ fault }) => !fault.alone)) test(cell.name, () => keepsThePromises(cell))
})

describe('faults of what all guests share', () => {
  for (const cell of cells.filter(({ fault }) => fault.alone)) test(cell.name, () => keepsThePromises(cell))
})

async function keepsThePromises(cell: Cell): Promise<void> {
  const place = free.shift()
  assert.ok(place, 'no more tests at once than places')
  try {
    const result = await place.play(cell, { stillshot: '', libvirt: '', qemu: '' })
    assert.deepEqual([...result.broken, ...(result.notRun === undefined ? [] : [result.notRun])], [])
  } finally {
    free.push(place)
  }
}
