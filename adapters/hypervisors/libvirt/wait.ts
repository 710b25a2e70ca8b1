import { setTimeout as sleep } from 'node:timers/promises'
import { StillshotError } from '../../../src/errors.ts'

/** Resolves after `ms`; rejects with the signal's own StillshotError, else `cancelled`, as soon as it aborts. */
export async function wait(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    if (signal?.reason instanceof StillshotError) throw signal.reason
    throw new StillshotError('cancelled', 'cancelled', { cause: error })
  }
}
