import assert from 'node:assert/strict'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { openSqliteCatalog } from '../../../../adapters/catalogs/sqlite/sqlite-catalog.ts'
import type { Clock } from '../../../../src/system/clock.ts'
import { testCatalog } from '../../../conformance/catalog.ts'
import { aRun } from '../../../conformance/catalog-records.ts'
import { makeSqlitePlace } from './place.ts'

testCatalog({ name: 'sqlite', makePlace: makeSqlitePlace })

test('folder and files can be read by their owner only', async () => {
  const place = await makeSqlitePlace()
  const catalog = await place.open()
  await catalog.saveRun(aRun())
  const folder = dirname(place.path)
  assert.equal((await stat(folder)).mode & 0o777, 0o700)
  const names = await readdir(folder)
  assert.deepEqual(names.sort(), ['catalog.sqlite', 'catalog.sqlite-shm', 'catalog.sqlite-wal'])
  for (const name of names) assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600, name)
  await catalog.close()
  await place.remove()
})

test('a write waits for another process on the clock, and does not block this one', async () => {
  const place = await makeSqlitePlace()
  await (await place.open()).close()
  const other = new DatabaseSync(place.path)
  other.exec('BEGIN IMMEDIATE')
  const catalog = await openSqliteCatalog({
    path: place.path,
    clock: clockThat((sleeps) => sleeps === 3 && other.exec('COMMIT')),
  })
  await catalog.saveRun(aRun())
  assert.deepEqual(await catalog.runs(), [aRun()])
  await catalog.close()
  other.close()
  await place.remove()
})

test('a write that another process never lets through ends with state-unwritable, and reads go on', async () => {
  const place = await makeSqlitePlace()
  await (await place.open()).close()
  const other = new DatabaseSync(place.path)
  other.exec('BEGIN IMMEDIATE')
  const catalog = await openSqliteCatalog({ path: place.path, clock: clockThat(() => {}, 4000) })
  await assert.rejects(catalog.saveRun(aRun()), { code: 'state-unwritable', message: /busy/ })
  assert.deepEqual(await catalog.runs(), [])
  other.exec('ROLLBACK')
  await catalog.saveRun(aRun())
  await catalog.close()
  other.close()
  await place.remove()
})

test('a path that is a folder is refused by name', async () => {
  const place = await makeSqlitePlace()
  await mkdir(place.path, { recursive: true })
  await assert.rejects(place.open(), (error: { code?: string; message?: string }) => {
    assert.equal(error.code, 'state-unwritable')
    assert.ok(error.message?.includes(place.path))
    return true
  })
  await place.remove()
})

/** A clock that never waits: it calls `onSleep` with the count of sleeps and moves by `stepMs`, default what was asked. */
function clockThat(onSleep: (sleeps: number) => unknown, stepMs?: number): Clock {
  let sleeps = 0
  let nowMs = 0
  return {
    now: () => nowMs,
    monotonic: () => nowMs,
    async sleep(ms) {
      sleeps += 1
      nowMs += stepMs ?? ms
      onSleep(sleeps)
    },
    deadline() {
      throw new Error('a catalog sets no deadline')
    },
  }
}
