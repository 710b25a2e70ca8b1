import { Worker } from 'node:worker_threads'
import type { SeedResult } from './run-seed.ts'
import type { Share, ShareResult } from './worker.ts'

export interface Order {
  readonly from: number
  /** How many seeds at most; may be infinite when `seconds` is given. */
  readonly seeds: number
  /** No further share is begun after this long. */
  readonly seconds: number
  readonly workers: number
  /** No further share is begun once a promise was broken. */
  readonly stopAtFirst: boolean
  readonly onShare?: (sum: Sum) => void
}

export interface Sum {
  readonly seeds: number
  readonly events: number
  readonly troubles: number
  readonly broken: readonly SeedResult[]
  readonly elapsedMs: number
}

/** Seeds that a worker takes at once; fewer where the first broken one ends it, since a share is carried out to its end. */
const SHARE = 250
const SHARE_TO_FIRST = 50

/** Runs seeds in worker threads, in order, share by share. */
export async function runWorkers(order: Order): Promise<Sum> {
  const begunAt = performance.now()
  const end = order.from + order.seeds
  let next = order.from
  let sum: Sum = { seeds: 0, events: 0, troubles: 0, broken: [], elapsedMs: 0 }
  const takeShare = (): Share | undefined => {
    const over = next >= end || performance.now() - begunAt > order.seconds * 1000
    if (over || (order.stopAtFirst && sum.broken.length > 0)) return undefined
    const share = { from: next, count: Math.min(order.stopAtFirst ? SHARE_TO_FIRST : SHARE, end - next) }
    next += share.count
    return share
  }
  const onResult = (result: ShareResult) => {
    sum = {
      seeds: sum.seeds + result.seeds,
      events: sum.events + result.events,
      troubles: sum.troubles + result.troubles,
      broken: [...sum.broken, ...result.broken],
      elapsedMs: performance.now() - begunAt,
    }
    order.onShare?.(sum)
  }
  await Promise.all(Array.from({ length: order.workers }, () => runWorker(takeShare, onResult)))
  return { ...sum, broken: sum.broken.toSorted((a, b) => a.seed - b.seed) }
}

/** One thread, until there is no share left; rejects when it fails. */
async function runWorker(takeShare: () => Share | undefined, onResult: (result: ShareResult) => void): Promise<void> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    resourceLimits: { maxYoungGenerationSizeMb: 64 },
  })
  const over = Promise.withResolvers<void>()
  const go = () => {
    const share = takeShare()
    if (share === undefined) over.resolve()
    else worker.postMessage(share)
  }
  worker.on('message', (result: ShareResult) => {
    onResult(result)
    go()
  })
  worker.on('error', over.reject)
  go()
  try {
    await over.promise
  } finally {
    await worker.terminate()
  }
}
