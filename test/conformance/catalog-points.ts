import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import type { WithCatalog } from './catalog.ts'
import { aPoint } from './catalog-records.ts'

export function testCatalogPoints(withCatalog: WithCatalog): void {
  testKeeping(withCatalog)
  testLookup(withCatalog)
}

function testKeeping(withCatalog: WithCatalog): void {
  test(
    'a restore point is read back as it was written',
    withCatalog(async (catalog) => {
      await catalog.savePoint(aPoint())
      assert.deepEqual(await catalog.points(), [aPoint()])
    }),
  )

  test(
    'what a restore point leaves out is not there when it is read back',
    withCatalog(async (catalog) => {
      const { outage: _outage, note: _note, drills: _drills, ...point } = aPoint({ evidence: null, reasons: [] })
      await catalog.savePoint(point)
      assert.deepEqual(await catalog.points(), [point])
    }),
  )

  test(
    'savePoint() of the same id replaces the whole record',
    withCatalog(async (catalog) => {
      await catalog.savePoint(aPoint())
      const { note: _note, ...graded } = aPoint({ grade: 'db-stopped', reasons: [] })
      await catalog.savePoint(graded)
      await catalog.savePoint(graded)
      assert.deepEqual(await catalog.points(), [graded])
    }),
  )

  test(
    'points() gives the newest first, of one VM when it is named',
    withCatalog(async (catalog) => {
      const [oldest, middle, newest] = threePoints()
      for (const point of [middle, newest, oldest]) await catalog.savePoint(point)
      assert.deepEqual(idsOf(await catalog.points()), idsOf([newest, middle, oldest]))
      assert.deepEqual(idsOf(await catalog.points({ vm: 'db1' })), idsOf([newest, oldest]))
      assert.deepEqual(await catalog.points({ vm: 'none' }), [])
    }),
  )

  test(
    'removePoint() removes one, and a missing one is no error',
    withCatalog(async (catalog) => {
      const [oldest, middle] = threePoints()
      for (const point of [oldest, middle]) await catalog.savePoint(point)
      await catalog.removePoint(oldest.id)
      await catalog.removePoint(oldest.id)
      assert.deepEqual(idsOf(await catalog.points()), [middle.id])
    }),
  )
}

function testLookup(withCatalog: WithCatalog): void {
  test(
    'point() finds by the id and by a beginning of it, in capitals or not',
    withCatalog(async (catalog) => {
      for (const point of threePoints()) await catalog.savePoint(point)
      assert.equal((await catalog.point('01KB0000000000000000000P01'))?.vm, 'db1')
      assert.equal((await catalog.point('01KC'))?.id, '01KC0000000000000000000P02')
      assert.equal((await catalog.point('01kc00'))?.id, '01KC0000000000000000000P02')
    }),
  )

  test(
    'point() of something that is not there is undefined',
    withCatalog(async (catalog) => {
      for (const point of threePoints()) await catalog.savePoint(point)
      for (const missing of ['01KA', '%%%%', '____', '01KC_']) assert.equal(await catalog.point(missing), undefined)
      assert.equal(await catalog.point('01KC0000000000000000000P02X'), undefined)
    }),
  )

  test(
    'point() by a beginning of several is a usage error that lists them',
    withCatalog(async (catalog) => {
      for (const point of threePoints()) await catalog.savePoint(point)
      const ids = ['01KB0000000000000000000P01', '01KB0000000000000000000P03']
      await assert.rejects(catalog.point('01KB'), {
        code: 'usage',
        details: { ids },
        message: new RegExp(ids.join('.*')),
      })
    }),
  )

  test(
    'point() by an id that begins another id finds the exact one',
    withCatalog(async (catalog) => {
      for (const id of ['ABCD', 'ABCDE']) await catalog.savePoint(aPoint({ id }))
      assert.equal((await catalog.point('ABCD'))?.id, 'ABCD')
    }),
  )

  test(
    'point() by fewer than four characters is a usage error',
    withCatalog(async (catalog) => {
      await catalog.savePoint(aPoint())
      await assert.rejects(catalog.point('01K'), { code: 'usage' })
    }),
  )
}

function threePoints(): [RestorePoint, RestorePoint, RestorePoint] {
  return [
    aPoint({ id: '01KB0000000000000000000P01', createdAt: '2026-11-20T00:00:00.000Z' }),
    aPoint({ id: '01KC0000000000000000000P02', createdAt: '2026-11-21T00:00:00.000Z', vm: 'db2' }),
    aPoint({ id: '01KB0000000000000000000P03', createdAt: '2026-11-22T00:00:00.000Z' }),
  ]
}

function idsOf(points: readonly RestorePoint[]): string[] {
  return points.map(({ id }) => id)
}
