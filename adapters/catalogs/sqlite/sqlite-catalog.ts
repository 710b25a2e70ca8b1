import type { Catalog, HoldRecord, RestorePoint, RunRecord, VmLock } from '../../../src/catalog/catalog.ts'
import { lockTakenError } from '../../../src/catalog/lock-taken.ts'
import { idBeginning, onlyMatch } from '../../../src/catalog/point-lookup.ts'
import type { Clock } from '../../../src/system/clock.ts'
import { Database } from './database.ts'
import { migrate } from './migrate.ts'
import { preparePlace } from './place.ts'
import { holdOf, jsonText, lockOf, pointOf, runOf } from './rows.ts'

/**
 * Opens the catalog in one SQLite file and makes it when it is missing. Several processes of one machine may have it
 * open. Rejects with `state-unwritable`, `config-unsafe`, `catalog-damaged` or `version-newer`.
 */
export async function openSqliteCatalog(options: { path: string; clock: Clock }): Promise<Catalog> {
  await preparePlace(options.path)
  const database = new Database(options.path, options.clock)
  try {
    await migrate(database, options.path)
  } catch (error) {
    database.close()
    throw error
  }
  return new SqliteCatalog(database)
}

class SqliteCatalog implements Catalog {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  lockVm(lock: VmLock): Promise<void> {
    const { vmKey, holdId, run, procedure, owner, takenAt, ttlMs } = lock
    return this.#database.write(() => {
      const standing = this.#database.all('SELECT * FROM locks WHERE vm_key = ?', vmKey).map(lockOf)[0]
      if (standing?.holdId === holdId) return
      if (standing !== undefined) throw lockTakenError(standing)
      const sql = 'INSERT INTO locks VALUES (?, ?, ?, ?, ?, ?, ?)'
      this.#database.run(sql, vmKey, holdId, run, procedure, jsonText(owner), takenAt, ttlMs)
    })
  }

  unlockVm(vmKey: string, holdId: string): Promise<void> {
    return this.#change('DELETE FROM locks WHERE vm_key = ? AND hold_id = ?', vmKey, holdId)
  }

  locks(): Promise<readonly VmLock[]> {
    return this.#database.read(() => this.#database.all('SELECT * FROM locks ORDER BY taken_at, vm_key').map(lockOf))
  }

  savePoint(point: RestorePoint): Promise<void> {
    const { id, run, vm, vmKey, hypervisor, snapshot, createdAt, kind, mode, grade, reasons, outage, note } = point
    return this.#change(
      'INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      ...[id, run, vm, vmKey, hypervisor, snapshot, createdAt, kind, mode, grade],
      jsonText(reasons),
      outage === undefined ? null : jsonText(outage),
      note ?? null,
      jsonText(point.evidence),
      point.drills === undefined ? null : jsonText(point.drills),
    )
  }

  points(filter: { vm?: string } = {}): Promise<readonly RestorePoint[]> {
    const sql = 'SELECT * FROM points WHERE vm = ifnull(?, vm) ORDER BY created_at DESC, id DESC'
    return this.#database.read(() => this.#database.all(sql, filter.vm ?? null).map(pointOf))
  }

  async point(idOrPrefix: string): Promise<RestorePoint | undefined> {
    const beginning = idBeginning(idOrPrefix)
    const sql = "SELECT * FROM points WHERE id >= ?1 AND id < ?1 || '~' ORDER BY id"
    return onlyMatch(beginning, await this.#database.read(() => this.#database.all(sql, beginning).map(pointOf)))
  }

  removePoint(id: string): Promise<void> {
    return this.#change('DELETE FROM points WHERE id = ?', id)
  }

  saveRun(run: RunRecord): Promise<void> {
    const { id, procedure, vm, startedAt, endedAt, outcome, error, point } = run
    return this.#change(
      'INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      ...[id, procedure, vm, startedAt, endedAt ?? null, outcome ?? null],
      error === undefined ? null : jsonText(error),
      point ?? null,
    )
  }

  runs(filter: { vm?: string; limit?: number } = {}): Promise<readonly RunRecord[]> {
    const sql = 'SELECT * FROM runs WHERE vm = ifnull(?, vm) ORDER BY started_at DESC, id DESC LIMIT ?'
    return this.#database.read(() => this.#database.all(sql, filter.vm ?? null, filter.limit ?? -1).map(runOf))
  }

  saveHold(hold: HoldRecord): Promise<void> {
    const { id, run, vm, vmKey, profile, heldAt, ttlMs, state, evidence } = hold
    const sql = 'INSERT OR REPLACE INTO holds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)'
    return this.#change(sql, id, run, vm, vmKey, profile, heldAt, ttlMs, state, jsonText(evidence))
  }

  hold(id: string): Promise<HoldRecord | undefined> {
    return this.#database.read(() => this.#database.all('SELECT * FROM holds WHERE id = ?', id).map(holdOf)[0])
  }

  holds(filter: { open?: boolean } = {}): Promise<readonly HoldRecord[]> {
    const where = filter.open === undefined ? '' : `WHERE state ${filter.open ? '=' : '<>'} 'held'`
    const sql = `SELECT * FROM holds ${where} ORDER BY held_at DESC, id DESC`
    return this.#database.read(() => this.#database.all(sql).map(holdOf))
  }

  async close(): Promise<void> {
    this.#database.close()
  }

  #change(sql: string, ...values: (string | number | null)[]): Promise<void> {
    return this.#database.write(() => this.#database.run(sql, ...values))
  }
}
