import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compare, comparisonTable } from './compare.ts'
import type { Bench } from './run.ts'

const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), '../../src/stillshot.js')

/** A cold process that answers `--version`, against one that does nothing; the compile cache is warm. */
export const bench: Bench = async ({ rounds, say }) => {
  run(PROGRAM, '--version')
  const result = await compare(
    'startup',
    { ours: async () => run(PROGRAM, '--version'), reference: async () => run('-e', '0') },
    { bound: 1.6, onRound: say, ...(rounds === undefined ? {} : { rounds }) },
  )
  return { document: result, table: comparisonTable(result), missed: result.missed }
}

/** The median of some runs: a single start is a matter of microseconds of the scheduler's. */
function run(...args: readonly string[]): number {
  const times = Array.from({ length: 7 }, () => {
    const beganMs = performance.now()
    const { status } = spawnSync(process.execPath, args)
    if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`)
    return performance.now() - beganMs
  }).sort((a, b) => a - b)
  return times[3] ?? Number.NaN
}
