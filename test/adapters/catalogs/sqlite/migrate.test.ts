import assert from 'node:assert/strict'
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { Database, type Row } from '../../../../adapters/catalogs/sqlite/database.ts'
import { migrate } from '../../../../adapters/catalogs/sqlite/migrate.ts'
import { APPLICATION_ID, MIGRATIONS } from '../../../../adapters/catalogs/sqlite/migrations.ts'
import { NodeClock } from '../../../../adapters/system/node-clock.ts'
import { aPoint } from '../../../conformance/catalog-records.ts'
import { makeSqlitePlace } from './place.ts'

test('a new catalog has the newest version, and opening it again changes nothing', async () => {
  const place = await makeSqlitePlace()
  await (await place.open()).close()
  const before = await readFile(place.path)
  await (await place.open()).close()
  assert.ok(before.equals(await readFile(place.path)))
  const database = new DatabaseSync(place.path)
  assert.equal(database.prepare('PRAGMA user_version').get()?.user_version, MIGRATIONS.length)
  assert.equal(database.prepare('PRAGMA journal_mode').get()?.journal_mode, 'wal')
  database.close()
  await place.remove()
})

test('several that open a new place at once all get the same catalog', async () => {
  const place = await makeSqlitePlace()
  const catalogs = await Promise.all([place.open(), place.open(), place.open()])
  await catalogs[0].savePoint(aPoint())
  for (const catalog of catalogs) assert.equal((await catalog.points()).length, 1)
  for (const catalog of catalogs) await catalog.close()
  await place.remove()
})

test('a catalog that another process makes while its version is read is not taken for another program’s', async () => {
  const place = await makeSqlitePlace()
  await mkdir(dirname(place.path), { mode: 0o700 })
  const other = new DatabaseSync(place.path)
  const database = new RacedDatabase(place.path, () => {
    other.exec(`BEGIN IMMEDIATE; ${MIGRATIONS.join(';')}; PRAGMA user_version = ${MIGRATIONS.length}`)
    other.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
    try {
      other.exec('COMMIT')
    } catch (error) {
      assert.match(String(error), /locked/)
      other.exec('ROLLBACK')
    }
  })
  await migrate(database, place.path)
  assert.equal(database.all('PRAGMA user_version')[0]?.user_version, MIGRATIONS.length)
  database.close()
  other.close()
  await place.remove()
})

test('a catalog of a newer version is refused by name and left as it is', async () => {
  const place = await makeSqlitePlace()
  await (await place.open()).close()
  const database = new DatabaseSync(place.path)
  database.exec('PRAGMA user_version = 99')
  database.close()
  await assert.rejects(place.open(), { code: 'version-newer', message: /version 99/ })
  await assert.rejects(place.open(), { code: 'version-newer' })
  await place.remove()
})

test('a database of another program is refused and left as it is', async () => {
  const place = await makeSqlitePlace()
  await mkdir(dirname(place.path), { mode: 0o700 })
  const database = new DatabaseSync(place.path)
  database.exec('CREATE TABLE theirs (a)')
  database.close()
  const before = await readFile(place.path)
  await assert.rejects(place.open(), { code: 'catalog-damaged', message: /no catalog of stillshot/ })
  assert.ok(before.equals(await readFile(place.path)))
  await place.remove()
})

test('a file that is no database at all is refused and left as it is', async () => {
  const place = await makeSqlitePlace()
  await mkdir(dirname(place.path), { mode: 0o700 })
  await writeFile(place.path, 'not a database, but long enough to be read as the header of one\n'.repeat(20))
  await assert.rejects(place.open(), { code: 'catalog-damaged' })
  assert.match(await readFile(place.path, 'utf8'), /^not a database/)
  await place.remove()
})

test('a catalog with overwritten pages says that it is damaged', async () => {
  const place = await makeSqlitePlace()
  const catalog = await place.open()
  for (let index = 0; index < 200; index += 1) await catalog.savePoint(aPoint({ id: `P${index}` }))
  await catalog.close()
  const file = await open(place.path, 'r+')
  const { size } = await file.stat()
  await file.write(Buffer.alloc(size - 4096, 0xa5), 0, undefined, 4096)
  await file.close()
  await assert.rejects(
    place.open().then((damaged) => damaged.points()),
    { code: 'catalog-damaged' },
  )
  await place.remove()
})

/** Another process writes, or finds the file in use, just before this one looks whether there are tables. */
class RacedDatabase extends Database {
  readonly #race: () => void
  #raced = false

  constructor(path: string, race: () => void) {
    super(path, new NodeClock())
    this.#race = race
  }

  override all(sql: string, ...values: (string | number | null)[]): readonly Row[] {
    if (sql.includes('sqlite_schema') && !this.#raced) {
      this.#raced = true
      this.#race()
    }
    return super.all(sql, ...values)
  }
}
