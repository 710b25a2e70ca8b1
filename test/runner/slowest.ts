import type { Lane } from './lanes.ts'

/** How long a suite took. */
export interface Timed {
  readonly name: string
  readonly lane: Lane
  readonly seconds: number
}

const LANES: readonly Lane[] = ['machine', 'native', 'alone']
const SHOWN = 8

/** For each lane that had more than one suite, what it took in all and its slowest suites: what the whole run waits for is seen there. */
export function slowestOf(timed: readonly Timed[]): readonly string[] {
  return LANES.flatMap((lane) => {
    const suites = timed.filter((suite) => suite.lane === lane).toSorted((one, other) => other.seconds - one.seconds)
    if (suites.length < 2) return []
    const all = suites.reduce((sum, { seconds }) => sum + seconds, 0)
    const lines = suites.slice(0, SHOWN).map(({ name, seconds }) => `${seconds.toFixed(0).padStart(7)} s  ${name}`)
    return [`       lane ${lane}: ${suites.length} suites, ${all.toFixed(0)} s; the slowest:`, ...lines]
  })
}
