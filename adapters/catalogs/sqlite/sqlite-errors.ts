import { StillshotError } from '../../../src/errors.ts'

/** Result codes of SQLite (sqlite.org/rescode.html); `errcode` of node:sqlite is the extended code, its low byte the primary. */
const BUSY = 5
const DAMAGED = [11, 26]
const UNWRITABLE = new Map([
  [3, 'no permission'],
  [8, 'read-only'],
  [10, 'input or output failed'],
  [13, 'no space left'],
  [14, 'cannot be opened'],
])

/** True when another process writes at this moment: the same call may be made again. */
export function isBusy(thrown: unknown): boolean {
  return primaryCode(thrown) === BUSY
}

/** What SQLite or the file system threw, as an error of the table that names the catalog's file. */
export function toCatalogError(thrown: unknown, path: string): unknown {
  if (thrown instanceof StillshotError) return thrown
  const code = primaryCode(thrown)
  if (code === undefined) return thrown
  const words = thrown instanceof Error ? thrown.message : String(thrown)
  if (DAMAGED.includes(code)) {
    return new StillshotError('catalog-damaged', `catalog ${path} is damaged: ${words}`, { cause: thrown })
  }
  const why = code === BUSY ? 'other processes kept it busy' : UNWRITABLE.get(code)
  if (why === undefined) return thrown
  return new StillshotError('state-unwritable', `catalog ${path}: ${why} (${words})`, { cause: thrown })
}

function primaryCode(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('errcode' in thrown) || typeof thrown.errcode !== 'number') return undefined
  return thrown.errcode & 0xff
}
