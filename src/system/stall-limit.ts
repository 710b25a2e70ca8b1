import { StillshotError } from '../errors.ts'
import type { Clock } from './clock.ts'
import { durationWords } from './duration-words.ts'

/** Ends work of any length when it stands still; dispose of it when the work is over. */
export interface StallLimit extends Disposable {
  /** Aborts with `timed-out` once nothing has moved for the time, and when the caller's signal does. */
  readonly signal: AbortSignal
  /** Something moved. */
  moved(): void
}

/** `what` names the work in the message. */
export function stallLimit(clock: Clock, what: string, stallMs: number, signal: AbortSignal): StallLimit {
  const controller = new AbortController()
  const over = new AbortController()
  const onAbort = () => controller.abort(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  let lastMs = clock.monotonic()
  const watch = async () => {
    for (let leftMs = stallMs; leftMs > 0; leftMs = stallMs - (clock.monotonic() - lastMs)) {
      await clock.sleep(leftMs, over.signal)
    }
    controller.abort(new StillshotError('timed-out', `${what}: nothing has moved for ${durationWords(stallMs)}`))
  }
  watch().catch(() => {})
  return {
    signal: controller.signal,
    moved: () => {
      lastMs = clock.monotonic()
    },
    [Symbol.dispose]() {
      signal.removeEventListener('abort', onAbort)
      over.abort(new Error('the work is over'))
    },
  }
}
