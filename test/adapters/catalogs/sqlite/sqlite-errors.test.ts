import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { refuseNetwork } from '../../../../adapters/catalogs/sqlite/place.ts'
import { isBusy, toCatalogError } from '../../../../adapters/catalogs/sqlite/sqlite-errors.ts'
import { StillshotError } from '../../../../src/errors.ts'
import { makeSqlitePlace } from './place.ts'

test('a full disk is state-unwritable and names the file', () => {
  const database = new DatabaseSync(':memory:')
  database.exec('CREATE TABLE t (a); PRAGMA max_page_count = 2')
  const full = thrownBy(() => database.exec('INSERT INTO t VALUES (zeroblob(100000))'))
  const error = toCatalogError(full, '/srv/catalog.sqlite')
  assert.ok(error instanceof StillshotError)
  assert.equal(error.code, 'state-unwritable')
  assert.equal(error.message, 'catalog /srv/catalog.sqlite: no space left (database or disk is full)')
})

test('a file that may only be read is state-unwritable', async () => {
  const place = await makeSqlitePlace()
  await (await place.open()).close()
  const database = new DatabaseSync(place.path, { readOnly: true })
  const refused = thrownBy(() => database.exec('DELETE FROM runs'))
  const error = toCatalogError(refused, place.path)
  assert.ok(error instanceof StillshotError)
  assert.equal(error.code, 'state-unwritable')
  database.close()
  await place.remove()
})

test('only a busy catalog is worth another try', () => {
  const wrong = thrownBy(() => new DatabaseSync(':memory:').exec('SELECT * FROM none'))
  assert.equal(isBusy(wrong), false)
  assert.equal(isBusy(Object.assign(new Error('database is locked'), { errcode: 5 })), true)
  assert.equal(isBusy(Object.assign(new Error('busy in recovery'), { errcode: 261 })), true)
  assert.equal(isBusy(new Error('something else')), false)
})

test('what is no failure of the file passes as it is', () => {
  const wrong = thrownBy(() => new DatabaseSync(':memory:').exec('SELECT * FROM none'))
  assert.equal(toCatalogError(wrong, 'p'), wrong)
})

test('a state directory on a network file system is refused, one on a local file system is not', () => {
  assert.throws(() => refuseNetwork('/srv', 0x6969), {
    code: 'state-unwritable',
    message: /network file system \(nfs\)/,
  })
  assert.throws(() => refuseNetwork('/srv', 0xfe534d42 | 0), { code: 'state-unwritable', message: /smb2/ })
  refuseNetwork('/srv', 0xef53)
})

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
