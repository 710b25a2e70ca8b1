import type { Clock } from '../../src/system/clock.ts'
import type { Call } from './call.ts'

/** Servers close a connection after a few seconds of silence: Proxmox VE after 5 s. */
const PAUSE_MS = 3_000
/** A run that has not come to its snapshot after this long pays for a new connection then. */
const LIMIT_MS = 600_000

/**
 * Keeps a connection open between a preflight and the snapshot, so that the handshake is not a part of the outage. Its
 * own failures mean nothing: the snapshot's request will say what is wrong.
 */
export class WarmConnection {
  readonly #ask: (call: Call) => Promise<void>
  readonly #clock: Clock
  #ending: AbortController | undefined

  /** `ask`: sends one small question. */
  constructor(ask: (call: Call) => Promise<void>, clock: Clock) {
    this.#ask = ask
    this.#clock = clock
  }

  begin(): void {
    this.end()
    const ending = new AbortController()
    this.#ending = ending
    void this.#run(ending.signal).catch(() => {})
  }

  /** Safe twice. */
  end(): void {
    this.#ending?.abort()
    this.#ending = undefined
  }

  async #run(signal: AbortSignal): Promise<void> {
    const begunAt = this.#clock.monotonic()
    while (this.#clock.monotonic() - begunAt < LIMIT_MS) {
      await this.#clock.sleep(PAUSE_MS, signal)
      // Not ended with the rest: that would reset the very connection that is to be used.
      await this.#ask({ signal: new AbortController().signal, changeSent: false })
    }
  }
}
