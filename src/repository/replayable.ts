import { StillshotError } from '../errors.ts'
import { judgeStatement, type Verdict, type Wanted } from './logged-statement.ts'
import { SqlStatements } from './sql-statements.ts'

/** What of a log is to be replayed, seen while it passes. */
export interface Replayable {
  readonly bytes: AsyncIterable<Uint8Array>
  /** Known when `bytes` was read to its end. */
  readonly facts: ReplayFacts
}

export interface ReplayFacts {
  /** Statements and groups of rows that change something, and the transactions that they belong to. */
  readonly changes: number
  readonly transactions: number
  /** Left out. */
  readonly accounts: number
  readonly others: number
  /** Of the first and last change, in milliseconds by the server's clock; undefined without any. */
  readonly firstMs: number | undefined
  readonly lastMs: number | undefined
  /** The program said its last words. */
  readonly ended: boolean
}

/** As much of a statement as is looked at. */
const UNDECIDED_BYTES = 256 * 1024
const LAST_STATEMENT = /^\/\*!50530 SET @@SESSION\.PSEUDO_SLAVE_MODE=0\*\//i

/**
 * Lets through what a program wrote out of a binary log, without what is not to be replayed. `bytes` rejects with
 * `not-replayable` at what cannot be told apart.
 */
export function replayable(source: AsyncIterable<Uint8Array>, wanted: Wanted): Replayable {
  const filter = new LogFilter(wanted)
  return { bytes: filter.pass(source), facts: filter }
}

class LogFilter implements ReplayFacts {
  readonly #wanted: Wanted
  readonly #statements = new SqlStatements()
  #pieces: Uint8Array[] = []
  #length = 0
  #passes: boolean | undefined
  #current: string | undefined
  #atSeconds: number | undefined
  #inTransaction = 0
  changes = 0
  transactions = 0
  accounts = 0
  others = 0
  firstMs: number | undefined
  lastMs: number | undefined
  ended = false

  constructor(wanted: Wanted) {
    this.#wanted = wanted
  }

  async *pass(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      const out: Uint8Array[] = []
      let from = 0
      for (let index = 0; index < chunk.length; index += 1) {
        if (!this.#statements.take(chunk[index] ?? 0)) continue
        out.push(...this.#add(chunk.subarray(from, index + 1), true))
        from = index + 1
        this.#statements.begin()
      }
      if (from < chunk.length) out.push(...this.#add(chunk.subarray(from), false))
      if (out.length > 0) yield Buffer.concat(out)
    }
    this.#endTransaction()
    // Line ends and comments after the last statement; anything else was cut off.
    if (this.#statements.head !== '') this.ended = false
  }

  #add(piece: Uint8Array, isEnd: boolean): readonly Uint8Array[] {
    if (this.#passes === undefined) {
      this.#pieces.push(piece)
      this.#length += piece.length
      if (!isEnd && this.#length < UNDECIDED_BYTES) return []
      this.#passes = this.#decide(isEnd)
      const decided = this.#passes ? this.#pieces : []
      if (isEnd) this.#begin()
      return decided
    }
    const decided = this.#passes ? [piece] : []
    if (isEnd) this.#begin()
    return decided
  }

  #begin(): void {
    this.#pieces = []
    this.#length = 0
    this.#passes = undefined
  }

  #decide(whole: boolean): boolean {
    const { head } = this.#statements
    this.ended = LAST_STATEMENT.test(head)
    const text = withoutComments(Buffer.concat(this.#pieces).toString('utf8'))
    return this.#note(judgeStatement(text, { current: this.#current, wanted: this.#wanted, whole }), head)
  }

  #note(verdict: Verdict, head: string): boolean {
    switch (verdict.kind) {
      case 'frame':
        if (/^(COMMIT|ROLLBACK|XA\s+(COMMIT|PREPARE|ROLLBACK))/i.test(head)) this.#endTransaction()
        return true
      case 'time':
        this.#atSeconds = verdict.atSeconds
        return true
      case 'name':
        this.#endTransaction()
        return false
      case 'use':
        this.#current = verdict.database
        return this.#wanted.everything || this.#wanted.databases.includes(verdict.database)
      case 'change': {
        this.changes += 1
        this.#inTransaction += 1
        const atMs = (verdict.atSeconds ?? this.#atSeconds ?? Number.NaN) * 1000
        if (!Number.isNaN(atMs)) {
          this.firstMs ??= atMs
          this.lastMs = Math.max(this.lastMs ?? atMs, atMs)
        }
        return true
      }
      case 'accounts':
      case 'others':
        this[verdict.kind] += 1
        return false
      default:
        throw new StillshotError('not-replayable', `the binary log holds ${verdict.why}`)
    }
  }

  #endTransaction(): void {
    if (this.#inTransaction > 0) this.transactions += 1
    this.#inTransaction = 0
  }
}

/** Before the statement: what the program says of each event, a line each. */
function withoutComments(text: string): string {
  return text.replace(/^(\s+|#[^\n]*(\n|$)|\/\*(?!M?!)[\s\S]*?\*\/)+/, '')
}
