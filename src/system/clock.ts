import { durationWords } from './duration-words.ts'

/**
 * Time, as a port: the simulation owns it. `src/` never reads time in another way
 * (test/architecture.test.ts looks for `Date`, `setTimeout` and the like).
 */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970-01-01 UTC; may jump. */
  now(): number
  /** Milliseconds from an arbitrary point, never going back; fractions allowed. */
  monotonic(): number
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /**
   * A signal that aborts after `ms` or when `signal` aborts, whichever comes first. Its reason on time-out is an
   * `AbortError`-free `DeadlineExceeded`. Dispose of it (`using`) so that no timer is left.
   */
  deadline(ms: number, signal?: AbortSignal): Deadline
}

export interface Deadline extends Disposable {
  readonly signal: AbortSignal
}

/** The abort reason of a {@link Deadline} whose time is over. */
export class DeadlineExceeded extends Error {
  readonly afterMs: number
  constructor(afterMs: number) {
    super(`not finished after ${durationWords(afterMs)}`)
    this.name = 'DeadlineExceeded'
    this.afterMs = afterMs
  }
}

/** Every call that waits takes these: it ends early when `signal` aborts, and by itself after `timeoutMs`. */
export interface CallOptions {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
}
