import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { Clock } from '../../../src/system/clock.ts'
import { isBusy, toCatalogError } from './sqlite-errors.ts'

/**
 * How long SQLite itself may wait for another process. node:sqlite is synchronous, so the whole process stands still
 * for that time; the longer waiting is done by {@link Database} on the clock.
 */
const BUSY_TIMEOUT_MS = 50
const RETRY_PAUSE_MS = 25
const RETRY_LIMIT_MS = 10_000

export type Row = Readonly<Record<string, unknown>>

/** One SQLite file: transactions that wait for other processes without blocking this one, and errors of the table. */
export class Database {
  readonly #path: string
  readonly #clock: Clock
  readonly #connection: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  /** The file must exist. Throws what SQLite throws, as an error of the table. */
  constructor(path: string, clock: Clock) {
    this.#path = path
    this.#clock = clock
    try {
      this.#connection = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, allowExtension: false })
    } catch (error) {
      throw toCatalogError(error, path)
    }
  }

  /** Runs `work` in one transaction that owns the right to write from its beginning; all of it happens or nothing. */
  write<T>(work: () => T): Promise<T> {
    return this.#whenFree(() => this.#transaction('BEGIN IMMEDIATE', work))
  }

  /** Runs `work`, which only reads, with one statement: what two see may lie on both sides of another's write. */
  read<T>(work: () => T): Promise<T> {
    return this.#whenFree(work)
  }

  /** Runs `work`, which only reads: all its statements see the same state of the file. */
  readTogether<T>(work: () => T): Promise<T> {
    return this.#whenFree(() => this.#transaction('BEGIN', work))
  }

  #transaction<T>(begin: string, work: () => T): T {
    this.#connection.exec(begin)
    try {
      const result = work()
      this.#connection.exec('COMMIT')
      return result
    } catch (error) {
      // SQLite may have rolled back by itself already (disk full, input or output failed).
      if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK')
      throw error
    }
  }

  /** Inside {@link read} or {@link write}. */
  all(sql: string, ...values: SQLInputValue[]): readonly Row[] {
    return this.#prepare(sql).all(...values)
  }

  /** Inside {@link write}. */
  run(sql: string, ...values: SQLInputValue[]): void {
    this.#prepare(sql).run(...values)
  }

  /** Several statements without values; inside {@link read} or {@link write}. */
  script(sql: string): void {
    this.#connection.exec(sql)
  }

  /** Safe twice. */
  close(): void {
    this.#statements.clear()
    if (this.#connection.isOpen) this.#connection.close()
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#connection.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  async #whenFree<T>(work: () => T): Promise<T> {
    try {
      return work()
    } catch (error) {
      if (!isBusy(error)) throw toCatalogError(error, this.#path)
    }
    return this.#whenFreeLater(work)
  }

  /** The slow path; the module for it is loaded only here, because a command line starts often and rarely waits. */
  async #whenFreeLater<T>(work: () => T): Promise<T> {
    const { retry } = await import('../../../src/system/retry.ts')
    await this.#clock.sleep(RETRY_PAUSE_MS)
    try {
      return await retry(async () => work(), {
        clock: this.#clock,
        pauseMs: RETRY_PAUSE_MS,
        limitMs: RETRY_LIMIT_MS,
        when: isBusy,
      })
    } catch (error) {
      throw toCatalogError(error, this.#path)
    }
  }
}
