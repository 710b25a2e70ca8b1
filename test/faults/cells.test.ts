import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { CANNOT_RUN, CELLS, CI_CELLS, FAULTS, PROCEDURES } from './cells.ts'
import { snapshot } from './procedures/snapshot.ts'

describe('the matrix of faults', () => {
  test('every fault names boundaries that there are', () => {
    const known = new Set(
      PROCEDURES.flatMap(({ name, boundaries }) => boundaries.map((each) => `${name}/${each.name}`)),
    )
    const named = FAULTS.flatMap(({ at }) =>
      Object.entries(at).flatMap(([procedure, boundaries]) => boundaries.map((name) => `${procedure}/${name}`)),
    )
    assert.deepEqual(
      named.filter((name) => !known.has(name)),
      [],
    )
    assert.deepEqual(new Set(named), known, 'a boundary without a cell')
  })

  test('a fault that leaves boundaries out says which cell stands for them', () => {
    const all = PROCEDURES.reduce((sum, { boundaries }) => sum + boundaries.length, 0)
    const silent = FAULTS.filter(({ at, elsewhere }) => Object.values(at).flat().length < all && !elsewhere)
    assert.deepEqual(
      silent.map(({ name }) => name),
      [],
    )
  })

  test('names are unique, and every file of a fault or a procedure is joined', async () => {
    assert.equal(new Set(CELLS.map(({ name }) => name)).size, CELLS.length)
    for (const [folder, joined] of [
      ['faults', FAULTS],
      ['procedures', PROCEDURES],
    ] as const) {
      for (const file of readdirSync(join(import.meta.dirname, folder))) {
        const exported = Object.values((await import(`./${folder}/${file}`)) as Record<string, { name: string }>)
        const lost = exported.filter(
          (each) => typeof each !== 'string' && !(joined as readonly { name: string }[]).includes(each),
        )
        assert.deepEqual(lost, [], `${folder}/${file} has what cells.ts does not name`)
      }
    }
  })

  test('continuous integration runs every boundary of the snapshot, and ten cells at most on an emulated guest', () => {
    assert.equal(new Set(CI_CELLS).size, CI_CELLS.length)
    const cells = CI_CELLS.map((name) => CELLS.find((cell) => cell.name === name) ?? assert.fail(`no cell ${name}`))
    const boundaries = new Set(
      cells.flatMap(({ procedure, boundary }) => (procedure === snapshot ? boundary.name : [])),
    )
    assert.equal(boundaries.size, snapshot.boundaries.length)
    assert.ok(cells.filter(({ ground }) => ground === 'libvirt').length <= 10)
  })

  test('every kind of fault is met on a real libvirt, but those of backups and of vzdump', () => {
    const native = ['backup', 'restore-backup', 'hook-vzdump']
    const onLibvirt = new Set(CELLS.filter(({ ground }) => ground === 'libvirt').map(({ fault }) => fault))
    const never = FAULTS.filter((fault) => !onLibvirt.has(fault)).filter(({ at }) =>
      Object.entries(at).some(([procedure, boundaries]) => boundaries.length > 0 && !native.includes(procedure)),
    )
    assert.deepEqual(
      never.map(({ name }) => name),
      [],
    )
    const kinds = CI_CELLS.filter((name) => CELLS.find((cell) => cell.name === name)?.ground === 'libvirt')
    for (const kind of ['kill-9', 'sigterm', 'link-down', 'full-', 'mysql-', 'daemon-', 'task-', 'guest-clock']) {
      assert.ok(
        kinds.some((name) => name.split('/')[2]?.startsWith(kind)),
        kind,
      )
    }
  })

  test('what cannot be run is no cell', () => {
    assert.deepEqual(
      CELLS.filter(({ name }) => name in CANNOT_RUN),
      [],
    )
  })
})
