import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryCatalog } from '../../adapters/catalogs/memory/memory-catalog.ts'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import { CountedMap } from './counted-map.ts'
import { World } from './world.ts'

test('every way to change it is counted, and looking is not', () => {
  const map = new CountedMap<string, number>()
  const changes: readonly (() => unknown)[] = [
    () => map.set('a', 1),
    () => map.set('a', 2),
    () => map.delete('a'),
    () => map.set('b', 1),
    () => map.clear(),
  ]
  for (const change of changes) {
    const before = map.changes
    change()
    assert.ok(map.changes > before, String(change))
  }
  const { changes: before } = map
  assert.deepEqual([map.get('a'), map.has('a'), [...map.values()], map.size], [undefined, false, [], 0])
  assert.equal(map.changes, before)
})

test("a world's catalogs and truths are counted, whoever changes them", async () => {
  const { hosts, truths } = new World(1)
  const [host] = hosts
  assert.ok(host)
  const { catalog } = host
  const point = { id: 'p', vm: 'db1' } as RestorePoint
  const port = new MemoryCatalog(catalog)
  for (const change of [() => port.savePoint(point), () => port.savePoint(point), () => port.removePoint('p')]) {
    const { changes } = catalog.points
    await change()
    assert.ok(catalog.points.changes > changes, String(change))
  }
  const { changes } = truths
  truths.set('stillshot-p', { stoppedAndSynced: true })
  assert.ok(truths.changes > changes)
  const read = catalog.points.changes
  await port.points()
  assert.equal(catalog.points.changes, read)
})
