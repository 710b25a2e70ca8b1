import { parentPort } from 'node:worker_threads'
import type { SeedResult } from './run-seed.ts'
import { runSeeds } from './run-seeds.ts'

/** Seeds from `from` on, as many as `count`. */
export interface Share {
  readonly from: number
  readonly count: number
}

/** What came of a share. */
export interface ShareResult {
  readonly seeds: number
  readonly events: number
  readonly troubles: number
  readonly broken: readonly SeedResult[]
}

// Traces of errors that a world throws cost more than the world; who replays a seed has them.
Error.stackTraceLimit = 0
parentPort?.on('message', async ({ from, count }: Share) => {
  const broken: SeedResult[] = []
  let seeds = 0
  let events = 0
  let troubles = 0
  await runSeeds(from, count, (result) => {
    seeds += 1
    events += result.events
    troubles += result.troubles.length
    if (result.violation !== undefined) broken.push(result)
  })
  parentPort?.postMessage({ seeds, events, troubles, broken } satisfies ShareResult)
})
