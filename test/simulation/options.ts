import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { seedOfSources } from './seed-of-sources.ts'

export const USAGE = `npm run simulate -- [--seeds N] [--from N] [--seconds N] [--workers N] [--json]
  runs the coordinator in N worlds (default 1000), seeds 1 and up, and watches the promises in each

npm run simulate -- --of-these-sources      the seeds that npm test runs besides the first ones: each state of the sources has its own
npm run simulate -- --fresh --seconds N     seeds that nobody has run, and says which
npm run simulate -- --seed N                one world again, with its timeline
npm run simulate -- --deliberate-faults     breaks the code in every listed way; each must be seen
`

export interface SimulateOptions {
  readonly kind: 'seeds' | 'replay' | 'deliberate-faults' | 'help'
  readonly seeds: number
  readonly from: number
  readonly seconds: number
  readonly workers: number
  readonly json: boolean
}

/** How many seeds each state of the sources has of its own. */
export const OF_THESE_SOURCES = 15_000

/** Seeds are 32 bits wide. */
const MOST = 2 ** 32 - 1

const PROJECT = join(import.meta.dirname, '../..')

/** Throws a RangeError or TypeError that says what is wrong. */
export function readOptions(argv: readonly string[]): SimulateOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seeds: { type: 'string' },
      from: { type: 'string' },
      seed: { type: 'string' },
      seconds: { type: 'string' },
      workers: { type: 'string' },
      fresh: { type: 'boolean', default: false },
      'of-these-sources': { type: 'boolean', default: false },
      'deliberate-faults': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const seconds = whole('--seconds', values.seconds) ?? Number.POSITIVE_INFINITY
  const own = values['of-these-sources']
  const chosen = () => (own ? seedOfSources(PROJECT) : values.fresh ? randomInt(2 ** 31) : 1)
  const from = whole('--seed', values.seed) ?? whole('--from', values.from) ?? chosen()
  const endless = Number.isFinite(seconds) ? MOST - from : own ? OF_THESE_SOURCES : 1000
  const kind = values.help
    ? 'help'
    : values['deliberate-faults']
      ? 'deliberate-faults'
      : values.seed === undefined
        ? 'seeds'
        : 'replay'
  const seeds = whole('--seeds', values.seeds) ?? endless
  return { kind, seeds, from, seconds, workers: whole('--workers', values.workers) ?? 2, json: values.json }
}

function whole(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (/^\d+$/.test(text) && value <= MOST) return value
  throw new RangeError(`${name} takes a whole number up to ${MOST}, not '${text}'`)
}
