import pRetry from 'p-retry'
import { ERRORS, StillshotError } from '../errors.ts'
import { type Clock, DeadlineExceeded } from './clock.ts'

export interface RetryOptions {
  readonly clock: Clock
  readonly signal?: AbortSignal
  /** Waiting time between two tries, in milliseconds. */
  readonly pauseMs: number
  /** Each pause is twice the one before, up to this; default: all are alike. */
  readonly longestPauseMs?: number
  /** No further try begins after this long. */
  readonly limitMs: number
  /** Which failures are worth another try; default: those whose row of the error table says so. */
  readonly when?: (error: unknown) => boolean
}

/**
 * Repeats `attempt` until it resolves, fails for good, or the limit is over; then rejects with the last failure. Only
 * for what may be repeated. The waiting is the clock's, so that a simulation owns it.
 */
export function retry<T>(attempt: (signal: AbortSignal | undefined) => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, signal, limitMs, when = isRetryable } = options
  const { longestPauseMs = options.pauseMs } = options
  let { pauseMs } = options
  const begunAt = clock.monotonic()
  let again = false
  let last: unknown
  const result = pRetry(() => attempt(signal), {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 0,
    ...(signal === undefined ? {} : { signal }),
    onFailedAttempt: async ({ error }) => {
      last = error
      again = when(error) && clock.monotonic() - begunAt + pauseMs < limitMs
      if (again) await clock.sleep(pauseMs, signal)
      pauseMs = Math.min(pauseMs * 2, longestPauseMs)
    },
    shouldRetry: () => again,
  })
  return result.catch((thrown: unknown) => {
    // That the time was over says less than what had failed until then.
    throw thrown instanceof DeadlineExceeded && last !== undefined ? last : thrown
  })
}

function isRetryable(error: unknown): boolean {
  return error instanceof StillshotError && ERRORS[error.code].retry
}
