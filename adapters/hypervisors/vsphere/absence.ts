import type { Clock } from '../../../src/system/clock.ts'
import { isCode, isFault } from './vsphere-errors.ts'

/** How long the server may be away while something of it is followed. */
const LIMIT_MS = 300_000
const PAUSE_MS = 500

/** A collector ends with its session; then the next one is asked. */
const COLLECTOR_GONE = ['InvalidCollectorVersion', 'NotAuthenticated']

/** Tells a server that is away for a moment from one that does not come back. */
export class Absence {
  readonly #clock: Clock
  readonly #signal: AbortSignal
  #since: number | undefined

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock
    this.#signal = signal
  }

  /** The server has answered. */
  end(): void {
    this.#since = undefined
  }

  /** Whether to ask again after such a failure. */
  isBearable(error: unknown): boolean {
    this.#since ??= this.#clock.monotonic()
    const isAway = isCode(error, 'hypervisor-unreachable') || isFault(error, ...COLLECTOR_GONE)
    return isAway && this.#clock.monotonic() - this.#since <= LIMIT_MS
  }

  pause(): Promise<void> {
    return this.#clock.sleep(PAUSE_MS, this.#signal)
  }
}
