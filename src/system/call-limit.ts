import type { CallOptions, Clock, Deadline } from './clock.ts'

/**
 * The one signal that ends a call early: the caller's `signal`, or a deadline after `timeoutMs`, whichever comes
 * first. Without either it never aborts. Dispose of it (`using`) when the call is over.
 */
export function callLimit(clock: Pick<Clock, 'deadline'>, options: CallOptions): Deadline {
  if (options.timeoutMs !== undefined) return clock.deadline(options.timeoutMs, options.signal)
  return { signal: options.signal ?? new AbortController().signal, [Symbol.dispose]() {} }
}
