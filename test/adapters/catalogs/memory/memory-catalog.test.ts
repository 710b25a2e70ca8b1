import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyStore, MemoryCatalog } from '../../../../adapters/catalogs/memory/memory-catalog.ts'
import { testCatalog } from '../../../conformance/catalog.ts'
import { aPoint } from '../../../conformance/catalog-records.ts'

testCatalog({
  name: 'memory',
  makePlace: async () => {
    const store = emptyStore()
    return { open: async () => new MemoryCatalog(store), remove: async () => {} }
  },
})

test('a record changed after it was saved does not change the catalog', async () => {
  const catalog = new MemoryCatalog()
  const evidence = { synced: true }
  await catalog.savePoint(aPoint({ evidence }))
  evidence.synced = false
  assert.deepEqual((await catalog.points())[0]?.evidence, { synced: true })
})

test('a record that was read cannot be changed', async () => {
  const catalog = new MemoryCatalog()
  await catalog.savePoint(aPoint({ evidence: { synced: true } }))
  const point = await catalog.point(aPoint().id)
  assert.throws(() => Object.assign(point?.evidence ?? {}, { synced: false }), TypeError)
  assert.throws(() => Object.assign(point ?? {}, { grade: 'suspect' }), TypeError)
})
