import { StillshotError } from '../errors.ts'
import { SqlStatements } from './sql-statements.ts'

/** No statement that changes to another database is longer. */
const UNDECIDED_BYTES = 4096

/**
 * Lets the statements of some databases of a dump through, and what stands before the first one. Which database a statement
 * is of is what the client would make of it: a name in a comment, in data or in the text of a routine counts for nothing.
 * `names`: all that the dump is said to hold; another one in it is `backup-damaged`.
 */
export async function* onlyDatabases(
  bytes: AsyncIterable<Uint8Array>,
  wanted: readonly string[],
  names: readonly string[],
): AsyncGenerator<Uint8Array> {
  const statements = new SqlStatements()
  let passes = true
  let undecided: Uint8Array[] | undefined = []
  let undecidedBytes = 0
  const add = (piece: Uint8Array, ended: boolean): readonly Uint8Array[] => {
    if (undecided === undefined) return passes ? [piece] : []
    undecided.push(piece)
    undecidedBytes += piece.length
    if (!ended && undecidedBytes <= UNDECIDED_BYTES) return []
    const database = ended ? changesTo(statements.head) : undefined
    if (database !== undefined) passes = isWanted(database, wanted, names)
    const pieces = undecided
    undecided = undefined
    return passes ? pieces : []
  }
  for await (const chunk of bytes) {
    const out: Uint8Array[] = []
    let from = 0
    for (let index = 0; index < chunk.length; index += 1) {
      if (!statements.take(chunk[index] ?? 0)) continue
      out.push(...add(chunk.subarray(from, index + 1), true))
      from = index + 1
      statements.begin()
      undecided = []
      undecidedBytes = 0
    }
    if (from < chunk.length) out.push(...add(chunk.subarray(from), false))
    if (out.length > 0) yield Buffer.concat(out)
  }
  if (passes && undecided !== undefined) yield Buffer.concat(undecided)
}

/** The database that a statement makes or changes to. */
function changesTo(head: string): string | undefined {
  const made = /^CREATE DATABASE (?:\/\*!\d+ IF NOT EXISTS\s*\*\/ )?`((?:[^`]|``)+)`/i.exec(head)?.[1]
  const used = /^USE `((?:[^`]|``)+)`\s*;?$/i.exec(head)?.[1]
  return (made ?? used)?.replaceAll('``', '`')
}

function isWanted(database: string, wanted: readonly string[], names: readonly string[]): boolean {
  if (names.includes(database)) return wanted.includes(database)
  throw new StillshotError(
    'backup-damaged',
    `the dump changes to the database ${database}, which it is not said to hold`,
  )
}
