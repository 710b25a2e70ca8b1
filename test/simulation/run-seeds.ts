import { type SeedResult, SeedRun } from './run-seed.ts'

/**
 * Worlds that go on side by side: one turn of the event loop serves them all, and none sees another. More of them would live
 * longer each, and what lives longer costs the garbage collector more than a turn does.
 */
const SIDE_BY_SIDE = 16

/** Runs `count` seeds from `from` on and hands over each result as it comes. */
export async function runSeeds(from: number, count: number, onResult: (result: SeedResult) => void): Promise<void> {
  let next = from
  let running: SeedRun[] = []
  for (;;) {
    for (; running.length < SIDE_BY_SIDE && next < from + count; next += 1) running.push(new SeedRun(next))
    if (running.length === 0) return
    await turn()
    running = running.filter((run) => {
      if (run.step()) return true
      onResult(run.result)
      return false
    })
  }
}

/** One seed alone, with its timeline. */
export async function replay(seed: number): Promise<SeedResult> {
  const run = new SeedRun(seed, { kept: true })
  do await turn()
  while (run.step())
  return run.result
}

/** Resolves when every promise that can go on without time has gone on. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
