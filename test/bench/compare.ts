import { bootstrapInterval, median, type Spread, spread } from './statistics.ts'

const MOST_ROUNDS = 40
const FEWEST_ROUNDS = 5
/** Rounds are added until the interval lies within this share of the ratio. */
const WANTED_WIDTH = 0.02

export interface Comparison {
  readonly name: string
  readonly rounds: number
  readonly unit: 'ms'
  readonly ours: Spread
  readonly reference: Spread
  /** Median of the ratios of each round, ours over the reference. */
  readonly ratio: number
  /** 95 % bootstrap interval of the ratio. */
  readonly interval: readonly [number, number]
  /** The whole interval lies above it: missed. */
  readonly bound: number
  readonly missed: boolean
}

export interface Sides {
  readonly ours: () => Promise<number>
  readonly reference: () => Promise<number>
}

/** Measures both sides in turn, in alternating order, until the ratio is known well enough or 40 rounds are over. */
export async function compare(
  name: string,
  sides: Sides,
  options: { bound: number; rounds?: number; onRound: (line: string) => void },
): Promise<Comparison> {
  const most = options.rounds ?? MOST_ROUNDS
  const ours: number[] = []
  const reference: number[] = []
  const ratios: number[] = []
  while (ratios.length < most && !(ratios.length >= FEWEST_ROUNDS && isNarrow(ratios))) {
    const round = await measureRound(sides, ratios.length % 2 === 0)
    ours.push(round.ours)
    reference.push(round.reference)
    ratios.push(round.ours / round.reference)
    options.onRound(`round ${ratios.length}: ours ${fixed(round.ours)} ms, reference ${fixed(round.reference)} ms`)
  }
  const interval = bootstrapInterval(ratios)
  return {
    name,
    rounds: ratios.length,
    unit: 'ms',
    ours: spread(ours),
    reference: spread(reference),
    ratio: median(ratios),
    interval,
    bound: options.bound,
    missed: interval[0] > options.bound,
  }
}

async function measureRound(sides: Sides, oursFirst: boolean): Promise<{ ours: number; reference: number }> {
  if (oursFirst) {
    const ours = await sides.ours()
    return { ours, reference: await sides.reference() }
  }
  const reference = await sides.reference()
  return { ours: await sides.ours(), reference }
}

function isNarrow(ratios: readonly number[]): boolean {
  const [low, high] = bootstrapInterval(ratios)
  return high - low <= 2 * WANTED_WIDTH * median(ratios)
}

/** The comparison as a table for people. */
export function comparisonTable({ name, rounds, ours, reference, ratio, interval, bound, missed }: Comparison): string {
  const row = (label: string, { min, median: middle, max }: Spread) =>
    `  ${label.padEnd(10)} ${[min, middle, max].map((value) => fixed(value).padStart(10)).join(' ')}\n`
  return (
    `${name}, ${rounds} rounds\n  ${'ms'.padEnd(10)} ${['min', 'median', 'max'].map((word) => word.padStart(10)).join(' ')}\n` +
    row('ours', ours) +
    row('reference', reference) +
    `  ratio ${ratio.toFixed(3)}, 95 % interval ${interval.map((value) => value.toFixed(3)).join(' to ')}, ` +
    `bound ${bound}${missed ? ': MISSED' : ''}\n`
  )
}

function fixed(value: number): string {
  return value.toFixed(1)
}
