import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WithCatalog } from './catalog.ts'
import { aHold, aRun } from './catalog-records.ts'

export function testCatalogRuns(withCatalog: WithCatalog): void {
  test(
    'a run is read back as it was written, and saving it again replaces it',
    withCatalog(async (catalog) => {
      const { endedAt: _at, outcome: _outcome, error: _error, point: _point, ...begun } = aRun()
      await catalog.saveRun(begun)
      assert.deepEqual(await catalog.runs(), [begun])
      await catalog.saveRun(aRun())
      await catalog.saveRun(aRun())
      assert.deepEqual(await catalog.runs(), [aRun()])
    }),
  )

  test(
    'runs() gives the newest first, filtered by VM, at most so many',
    withCatalog(async (catalog) => {
      await catalog.saveRun(aRun({ id: 'r2', startedAt: '2026-11-21T00:00:00.000Z', vm: 'db2' }))
      await catalog.saveRun(aRun({ id: 'r3', startedAt: '2026-11-22T00:00:00.000Z' }))
      await catalog.saveRun(aRun({ id: 'r1', startedAt: '2026-11-20T00:00:00.000Z' }))
      const ids = async (filter?: { vm?: string; limit?: number }) => (await catalog.runs(filter)).map(({ id }) => id)
      assert.deepEqual(await ids(), ['r3', 'r2', 'r1'])
      assert.deepEqual(await ids({ limit: 2 }), ['r3', 'r2'])
      assert.deepEqual(await ids({ vm: 'db1' }), ['r3', 'r1'])
      assert.deepEqual(await ids({ vm: 'db1', limit: 1 }), ['r3'])
    }),
  )
}

export function testCatalogHolds(withCatalog: WithCatalog): void {
  test(
    'a hold is read back as it was written, and a missing one is undefined',
    withCatalog(async (catalog) => {
      await catalog.saveHold(aHold())
      assert.deepEqual(await catalog.hold(aHold().id), aHold())
      assert.equal(await catalog.hold('none'), undefined)
    }),
  )

  test(
    'holds() tells open holds from ended ones, newest first',
    withCatalog(async (catalog) => {
      await catalog.saveHold(aHold({ id: 'h1', heldAt: '2026-11-20T00:00:00.000Z' }))
      await catalog.saveHold(aHold({ id: 'h3', heldAt: '2026-11-22T00:00:00.000Z', state: 'expired' }))
      await catalog.saveHold(aHold({ id: 'h2', heldAt: '2026-11-21T00:00:00.000Z' }))
      const ids = async (filter?: { open?: boolean }) => (await catalog.holds(filter)).map(({ id }) => id)
      assert.deepEqual(await ids(), ['h3', 'h2', 'h1'])
      assert.deepEqual(await ids({ open: true }), ['h2', 'h1'])
      assert.deepEqual(await ids({ open: false }), ['h3'])
      await catalog.saveHold(aHold({ id: 'h2', heldAt: '2026-11-21T00:00:00.000Z', state: 'released' }))
      assert.deepEqual(await ids({ open: true }), ['h1'])
    }),
  )
}
