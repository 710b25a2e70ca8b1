/** Smallest, middle and largest of some figures. */
export interface Spread {
  readonly min: number
  readonly median: number
  readonly max: number
}

export function spread(values: readonly number[]): Spread {
  return { min: Math.min(...values), median: median(values), max: Math.max(...values) }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? Number.NaN
  return Number.isInteger(middle) ? (upper + (sorted[middle - 1] ?? Number.NaN)) / 2 : upper
}

/**
 * 95 % bootstrap interval of the median: 2,000 resamples, drawn by a fixed seed so that the same rounds give the same
 * interval.
 */
export function bootstrapInterval(values: readonly number[]): readonly [low: number, high: number] {
  const draw = generator(20_261_122)
  const medians = Array.from({ length: 2_000 }, () =>
    median(values.map(() => values[Math.floor(draw() * values.length)] ?? Number.NaN)),
  ).sort((a, b) => a - b)
  return [medians[49] ?? Number.NaN, medians[1_949] ?? Number.NaN]
}

/** mulberry32, a small seeded generator of numbers in [0, 1). */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
