import { type Clock, type Deadline, DeadlineExceeded } from '../../../src/system/clock.ts'

interface Timer {
  readonly at: number
  readonly onTime: () => void
}

/**
 * Time that passes only when the test says so: with {@link advance}, or, when made with `auto`, as soon as nothing but
 * sleeping is left to do. Timers fire in the order of their time, then of their making: a run is the same every time.
 *
 * `auto` sees promises, not real files or sockets: wrap work that is not virtual in {@link whileBusy}.
 */
export class VirtualClock implements Clock {
  readonly #auto: boolean
  /** The one that is due next is the last: there it is taken out, and most that are made are due soon. */
  readonly #timers: Timer[] = []
  #epochMs: number
  #elapsedMs = 0
  #busy = 0
  #looking = false

  constructor(options: { auto?: boolean; startMs?: number } = {}) {
    this.#auto = options.auto ?? false
    this.#epochMs = options.startMs ?? 1_800_000_000_000
  }

  now(): number {
    return this.#epochMs + this.#elapsedMs
  }

  monotonic(): number {
    return this.#elapsedMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const onAbort = () => {
        this.#drop(timer)
        reject(signal?.reason)
      }
      if (signal === undefined) {
        this.#start(ms, resolve)
        return
      }
      const timer = this.#start(ms, () => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      })
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  deadline(ms: number, signal?: AbortSignal): Deadline {
    const controller = new AbortController()
    const timer = this.#start(ms, () => controller.abort(new DeadlineExceeded(ms)))
    const onAbort = () => {
      this.#drop(timer)
      controller.abort(signal?.reason)
    }
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
    return {
      signal: controller.signal,
      [Symbol.dispose]: () => {
        this.#drop(timer)
        signal?.removeEventListener('abort', onAbort)
      },
    }
  }

  /** Lets `ms` pass; what a timer sets free runs before the next timer fires. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#elapsedMs + ms
    await settle()
    for (let next = this.#next(); next !== undefined && next.at <= endMs; next = this.#next()) {
      this.#fire(next)
      await settle()
    }
    this.#elapsedMs = endMs
  }

  /**
   * Fires the timer that is due next and lets its time pass; false when nobody sleeps. What it sets free has run when the
   * event loop comes round: call it again only then.
   */
  step(): boolean {
    const next = this.#next()
    if (next !== undefined) this.#fire(next)
    return next !== undefined
  }

  /** The wall clock jumps, forward or back; nothing that sleeps notices. */
  jumpWallClock(ms: number): void {
    this.#epochMs += ms
  }

  /** Sleepers and deadlines that are open; 0 after a test that cleaned up. */
  get pending(): number {
    return this.#timers.length
  }

  /** No time passes by itself until `work` has settled. */
  async whileBusy<T>(work: Promise<T>): Promise<T> {
    this.#busy += 1
    try {
      return await work
    } finally {
      this.#busy -= 1
      this.#look()
    }
  }

  #start(ms: number, onTime: () => void): Timer {
    const timer = { at: this.#elapsedMs + Math.max(0, ms), onTime }
    let place = this.#timers.length
    while (place > 0 && (this.#timers[place - 1] as Timer).at <= timer.at) place -= 1
    this.#timers.splice(place, 0, timer)
    this.#look()
    return timer
  }

  #drop(timer: Timer): void {
    const place = this.#timers.indexOf(timer)
    if (place >= 0) this.#timers.splice(place, 1)
  }

  #next(): Timer | undefined {
    return this.#timers.at(-1)
  }

  #fire(timer: Timer): void {
    this.#timers.pop()
    this.#elapsedMs = Math.max(this.#elapsedMs, timer.at)
    timer.onTime()
  }

  #look(): void {
    if (!this.#auto || this.#looking) return
    this.#looking = true
    // An immediate comes after every promise that can go on without time has gone on.
    setImmediate(() => {
      this.#looking = false
      const next = this.#next()
      if (this.#busy > 0 || next === undefined) return
      this.#fire(next)
      this.#look()
    })
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
