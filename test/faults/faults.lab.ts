// time limit: 1200 s
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Lab, openLab } from '../labs/lab.ts'
import type { Cell } from './cell.ts'
import { CELLS, CI_CELLS } from './cells.ts'
import { runCell, tidy } from './run-cell.ts'
import { Scene } from './scene.ts'

/** The fixed list; `npm run faults` runs all cells and writes the table. Two guests, so that one waits while the other works. */
interface Place {
  readonly guest: string
  scene: Scene | undefined
}

let lab: Lab
const places: readonly Place[] = ['faults-ci-1', 'faults-ci-2'].map((guest) => ({ guest, scene: undefined }))
const free = [...places]
before(async () => {
  lab = await openLab({ log: () => {} })
})
after(async () => {
  for (const { scene } of places) await scene?.destroy()
})

const cells = CELLS.filter(({ name }) => CI_CELLS.includes(name))

describe('faults beside each other', { concurrency: places.length }, () => {
  for (const cell of cells.filter(({ fault }) => !fault.alone)) test(cell.name, () => keepsThePromises(cell))
})

describe('faults of what all guests share', () => {
  for (const cell of cells.filter(({ fault }) => fault.alone)) test(cell.name, () => keepsThePromises(cell))
})

async function keepsThePromises(cell: Cell): Promise<void> {
  const place = free.shift()
  assert.ok(place, 'no more tests at once than places')
  try {
    place.scene ??= await Scene.make(lab, place.guest)
    const versions = { stillshot: '', mariadb: '', libvirt: '', qemu: '' }
    const result = await runCell(place.scene, cell, versions)
    if (!(await tidy(place.scene, cell, result))) {
      await place.scene.destroy()
      place.scene = undefined
    }
    assert.deepEqual([...result.broken, ...(result.notRun === undefined ? [] : [result.notRun])], [])
  } finally {
    free.push(place)
  }
}
