// time limit: 1200 s
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Lab, openLab } from '../labs/lab.ts'
import { CELLS, CI_CELLS } from './cells.ts'
import { runCell, tidy } from './run-cell.ts'
import { Scene } from './scene.ts'

/** The fixed list; `npm run faults` runs all cells and writes the table. */
let lab: Lab
let scene: Scene | undefined
before(async () => {
  lab = await openLab({ log: () => {} })
})
after(() => scene?.destroy())

for (const cell of CELLS.filter(({ name }) => CI_CELLS.includes(name))) {
  test(cell.name, async () => {
    scene ??= await Scene.make(lab, 'faults-ci')
    const versions = { stillshot: '', mariadb: '', libvirt: '', qemu: '' }
    const result = await runCell(scene, cell, versions)
    if (!(await tidy(scene, cell, result))) {
      await scene.destroy()
      scene = undefined
    }
    assert.deepEqual([...result.broken, ...(result.notRun === undefined ? [] : [result.notRun])], [])
  })
}
