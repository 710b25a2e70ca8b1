import { type SeedResult, SeedRun } from './run-seed.ts'

/** Worlds that go on side by side: one turn of the event loop serves them all, and none sees another. */
const SIDE_BY_SIDE = 48

/** Runs the seeds and hands over each result as it comes; stops early once `onResult` says so by `false`. */
export async function runSeeds(seeds: Iterable<number>, onResult: (result: SeedResult) => boolean): Promise<void> {
  const waiting = seeds[Symbol.iterator]()
  let running: SeedRun[] = []
  let wanted = true
  for (;;) {
    while (wanted && running.length < SIDE_BY_SIDE) {
      const next = waiting.next()
      if (next.done === true) break
      running.push(new SeedRun(next.value))
    }
    if (running.length === 0) return
    await turn()
    running = running.filter((run) => {
      if (run.step()) return true
      if (!onResult(run.result)) wanted = false
      return false
    })
    if (!wanted) return
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
