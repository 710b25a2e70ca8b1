import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Catalog } from '../../src/catalog/catalog.ts'
import { testCatalogHolds, testCatalogRuns } from './catalog-history.ts'
import { testCatalogLocks } from './catalog-locks.ts'
import { testCatalogPoints } from './catalog-points.ts'

/** One place where catalogs keep their records. */
export interface CatalogPlace {
  /** Opens the place as another process would: what one wrote, the others see. */
  open(): Promise<Catalog>
  remove(): Promise<void>
}

export type WithCatalog = (work: (catalog: Catalog, place: CatalogPlace) => Promise<void>) => () => Promise<void>

/** What every catalog keeps to. `makePlace` gives a new, empty place. */
export function testCatalog(options: { name: string; makePlace: () => Promise<CatalogPlace> }): void {
  const withCatalog: WithCatalog = (work) => async () => {
    const place = await options.makePlace()
    try {
      const catalog = await place.open()
      await work(catalog, place)
      await catalog.close()
    } finally {
      await place.remove()
    }
  }
  describe(`Catalog, ${options.name}`, () => {
    testCatalogLocks(withCatalog)
    testCatalogPoints(withCatalog)
    testCatalogRuns(withCatalog)
    testCatalogHolds(withCatalog)
    testClosing(withCatalog)
  })
}

function testClosing(withCatalog: WithCatalog): void {
  test(
    'close() is safe twice, and a closed catalog rejects',
    withCatalog(async (catalog) => {
      await catalog.close()
      await catalog.close()
      await assert.rejects(catalog.locks())
      await assert.rejects(catalog.unlockVm('k', 'h'))
    }),
  )

  test(
    'what was written stays after everything was closed',
    withCatalog(async (catalog, place) => {
      await catalog.saveRun({ id: 'r1', procedure: 'snapshot', vm: 'db1', startedAt: '2026-01-01T00:00:00.000Z' })
      await catalog.close()
      const again = await place.open()
      assert.equal((await again.runs()).length, 1)
      await again.close()
    }),
  )
}
