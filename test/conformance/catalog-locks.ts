import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WithCatalog } from './catalog.ts'
import { aLock } from './catalog-records.ts'

export function testCatalogLocks(withCatalog: WithCatalog): void {
  test(
    'lockVm() of a VM that another hold has rejects with run-under-way and the lock that stands',
    withCatalog(async (catalog) => {
      await catalog.lockVm(aLock())
      await assert.rejects(catalog.lockVm(aLock({ holdId: 'another' })), {
        code: 'run-under-way',
        details: { lock: aLock() },
      })
      assert.deepEqual(await catalog.locks(), [aLock()])
    }),
  )

  test(
    'lockVm() by the same hold again resolves and changes nothing',
    withCatalog(async (catalog) => {
      await catalog.lockVm(aLock())
      await catalog.lockVm(aLock({ takenAt: '2026-11-22T22:00:00.000Z' }))
      assert.deepEqual(await catalog.locks(), [aLock()])
    }),
  )

  test(
    'of many who want one lock at once, one gets it',
    withCatalog(async (catalog, place) => {
      const other = await place.open()
      const attempts = Array.from({ length: 10 }, (_, index) =>
        (index % 2 === 0 ? catalog : other).lockVm(aLock({ holdId: `hold-${index}` })),
      )
      const outcomes = await Promise.allSettled(attempts)
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
      await other.close()
    }),
  )

  test(
    'a lock taken long ago still stands: only unlockVm() ends it',
    withCatalog(async (catalog) => {
      await catalog.lockVm(aLock({ takenAt: '2001-01-01T00:00:00.000Z', ttlMs: 1 }))
      await assert.rejects(catalog.lockVm(aLock({ holdId: 'another' })), { code: 'run-under-way' })
    }),
  )

  test(
    'unlockVm() by the owner frees the VM, by another hold does nothing, and again is no error',
    withCatalog(async (catalog) => {
      await catalog.lockVm(aLock())
      await catalog.unlockVm(aLock().vmKey, 'another')
      assert.equal((await catalog.locks()).length, 1)
      await catalog.unlockVm(aLock().vmKey, aLock().holdId)
      await catalog.unlockVm(aLock().vmKey, aLock().holdId)
      assert.deepEqual(await catalog.locks(), [])
      await catalog.lockVm(aLock({ holdId: 'another' }))
    }),
  )

  test(
    'locks of different VMs stand beside each other',
    withCatalog(async (catalog) => {
      await catalog.lockVm(aLock({ vmKey: 'b', takenAt: '2026-11-22T21:00:02.000Z' }))
      await catalog.lockVm(aLock({ vmKey: 'a', takenAt: '2026-11-22T21:00:03.000Z' }))
      const locks = await catalog.locks()
      assert.deepEqual(
        locks.map((lock) => lock.vmKey),
        ['b', 'a'],
      )
    }),
  )
}
