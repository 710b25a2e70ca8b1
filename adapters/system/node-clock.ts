import { performance } from 'node:perf_hooks'
import { type Clock, type Deadline, DeadlineExceeded } from '../../src/system/clock.ts'

/** Node's timers overflow beyond this and would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Time of this machine. Timers keep the process alive, so that what waits for them is never dropped in silence. */
export class NodeClock implements Clock {
  now(): number {
    return Date.now()
  }

  monotonic(): number {
    return performance.now()
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const onAbort = () => {
        stop()
        reject(signal?.reason)
      }
      const stop = startTimer(ms, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  deadline(ms: number, signal?: AbortSignal): Deadline {
    const controller = new AbortController()
    const stop = startTimer(ms, () => controller.abort(new DeadlineExceeded(ms)))
    const onAbort = () => {
      stop()
      controller.abort(signal?.reason)
    }
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
    return {
      signal: controller.signal,
      [Symbol.dispose]() {
        stop()
        signal?.removeEventListener('abort', onAbort)
      },
    }
  }
}

function startTimer(ms: number, onTime: () => void): () => void {
  let timer: NodeJS.Timeout
  const wait = (leftMs: number) => {
    const stepMs = Math.min(leftMs, LONGEST_TIMER_MS)
    timer = setTimeout(() => (leftMs > stepMs ? wait(leftMs - stepMs) : onTime()), stepMs)
  }
  wait(Math.max(0, ms))
  return () => clearTimeout(timer)
}
