import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Cell, CellResult } from './cell.ts'

/** The last result of every cell that was ever run here, by the cell's name. */
export type Results = ReadonlyMap<string, CellResult>

/** Empty when there is no file. */
export async function readResults(path: string): Promise<Results> {
  const text = await readFile(path, 'utf8').catch(() => '[]')
  return new Map((JSON.parse(text) as readonly CellResult[]).map((result) => [result.cell, result]))
}

/** Puts new results in place of older ones of the same cells; reads the file again, so that two runs can share it. */
export async function mergeResults(path: string, fresh: readonly CellResult[]): Promise<Results> {
  const merged = new Map([...(await readResults(path)), ...fresh.map((result) => [result.cell, result] as const)])
  const sorted = [...merged.values()].sort((a, b) => a.cell.localeCompare(b.cell))
  await mkdir(dirname(path), { recursive: true })
  await writeFile(`${path}.new`, `${JSON.stringify(sorted, null, 1)}\n`)
  await rename(`${path}.new`, path)
  return merged
}

/** Missing ones first, then the oldest. */
export function inOrderOfNeed(cells: readonly Cell[], results: Results): readonly Cell[] {
  const at = ({ name }: Cell) => {
    const result = results.get(name)
    return result === undefined || result.notRun !== undefined ? '' : result.at
  }
  return [...cells].sort((a, b) => at(a).localeCompare(at(b)))
}

export interface Summary {
  readonly cells: number
  readonly kept: number
  readonly broken: readonly { readonly cell: string; readonly at: string; readonly broken: readonly string[] }[]
  readonly notRun: readonly { readonly cell: string; readonly reason: string }[]
}

/** The document of `npm run faults -- --json`. */
export function summaryOf(
  cells: readonly Pick<Cell, 'name'>[],
  results: Results,
  cannotRun: Readonly<Record<string, string>>,
): Summary {
  const all = cells.flatMap(({ name }) => results.get(name) ?? [])
  const known = all.filter(({ notRun, broken }) => notRun === undefined || broken.length > 0)
  const missing = cells.filter(({ name }) => !known.some(({ cell }) => cell === name))
  const reasons = Object.entries(cannotRun).map(([cell, reason]) => ({ cell, reason }))
  return {
    cells: cells.length + reasons.length,
    kept: known.filter(({ broken }) => broken.length === 0).length,
    broken: known.filter(({ broken }) => broken.length > 0).map(({ cell, at, broken }) => ({ cell, at, broken })),
    notRun: [
      ...reasons,
      ...missing.map(({ name }) => ({ cell: name, reason: results.get(name)?.notRun ?? 'not run yet' })),
    ],
  }
}
