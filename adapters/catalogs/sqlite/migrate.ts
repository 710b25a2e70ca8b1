import { StillshotError } from '../../../src/errors.ts'
import type { Database } from './database.ts'
import { APPLICATION_ID, MIGRATIONS } from './migrations.ts'

/**
 * Brings the file to this version's schema. Repeatable, and safe when several processes open a new file at once: the
 * version is read again inside the transaction. Rejects with `version-newer` when a later stillshot wrote the file,
 * with `catalog-damaged` when the file is another program's.
 */
export async function migrate(database: Database, path: string): Promise<void> {
  const found = await database.readTogether(() => versionOf(database, path))
  if (found === MIGRATIONS.length) return
  await turnOnWriteAheadLog(database, path)
  await database.write(() => {
    for (const migration of MIGRATIONS.slice(versionOf(database, path))) database.script(migration)
    database.script(`PRAGMA user_version = ${MIGRATIONS.length}; PRAGMA application_id = ${APPLICATION_ID}`)
  })
}

/** Readers then never wait for the writer. The setting stays in the file. */
async function turnOnWriteAheadLog(database: Database, path: string): Promise<void> {
  const mode = await database.read(() => database.all('PRAGMA journal_mode = WAL')[0]?.journal_mode)
  if (mode === 'wal') return
  throw new StillshotError('state-unwritable', `catalog ${path}: its file system allows no write-ahead log (${mode})`)
}

/** In one transaction: another process that makes the catalog meanwhile would look like another program's database. */
function versionOf(database: Database, path: string): number {
  const version = pragma(database, 'user_version')
  const application = pragma(database, 'application_id')
  const empty = database.all('SELECT name FROM sqlite_schema LIMIT 1').length === 0
  if (application !== APPLICATION_ID && !empty) {
    throw new StillshotError('catalog-damaged', `${path} is a database, but no catalog of stillshot`, {
      hint: 'it belongs to another program: give `state.directory` another folder',
    })
  }
  if (version > MIGRATIONS.length) {
    throw new StillshotError(
      'version-newer',
      `catalog ${path} has version ${version}, this stillshot knows versions up to ${MIGRATIONS.length}`,
    )
  }
  return version
}

function pragma(database: Database, name: 'user_version' | 'application_id'): number {
  return Number(database.all(`PRAGMA ${name}`)[0]?.[name])
}
