import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { isThereSqliteCatalog, refuseUnsafe } from '../../../../adapters/catalogs/sqlite/place.ts'
import { aRun } from '../../../conformance/catalog-records.ts'
import { makeSqlitePlace } from './place.ts'

test('a state directory that others can write is refused, before anything is made in it', async () => {
  const place = await makeSqlitePlace()
  const folder = dirname(place.path)
  await mkdir(folder)
  for (const mode of [0o770, 0o707, 0o1777]) {
    await chmod(folder, mode)
    const unsafe = { code: 'config-unsafe', message: /state can be written by others \(mode /, hint: /chmod go-w / }
    await assert.rejects(place.open(), unsafe)
    await assert.rejects(isThereSqliteCatalog(place.path), unsafe)
  }
  assert.deepEqual(await readdir(folder), [])
  await chmod(folder, 0o755)
  await (await place.open()).close()
  await place.remove()
})

test('a catalog that others can write is refused', async () => {
  const place = await makeSqlitePlace()
  await (await place.open()).close()
  await chmod(place.path, 0o666)
  await assert.rejects(place.open(), { code: 'config-unsafe', message: /catalog\.sqlite can be written/ })
  await place.remove()
})

test('what belongs to another user than root and the caller is refused', () => {
  const caller = process.geteuid?.() ?? 0
  refuseUnsafe('/srv', { uid: 0, mode: 0o40755 })
  refuseUnsafe('/srv', { uid: caller, mode: 0o40700 })
  assert.throws(() => refuseUnsafe('/srv', { uid: caller + 4711, mode: 0o40700 }), { code: 'config-unsafe' })
})

test('a catalog that is not there is looked for without making anything', async () => {
  const place = await makeSqlitePlace()
  assert.equal(await isThereSqliteCatalog(place.path), false)
  assert.deepEqual(await readdir(place.folder), [])
  await mkdir(dirname(place.path), { mode: 0o700 })
  await writeFile(place.path, '', { mode: 0o600 })
  assert.equal(await isThereSqliteCatalog(place.path), false)
  assert.equal((await stat(place.path)).size, 0)
  await (await place.open()).saveRun(aRun())
  assert.equal(await isThereSqliteCatalog(place.path), true)
  await place.remove()
})

test('a place where no catalog could be made is refused by name', async () => {
  const place = await makeSqlitePlace()
  await writeFile(dirname(place.path), 'a file')
  await assert.rejects(isThereSqliteCatalog(place.path), {
    code: 'state-unwritable',
    message: /catalog\.sqlite/,
  })
  await place.remove()
})
