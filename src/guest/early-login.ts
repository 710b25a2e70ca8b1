import { orAborted } from '../system/or-aborted.ts'
import type { GuestShell } from './guest-shell.ts'

/** A login that was begun before anybody needs it: whoever does then waits for what is left of it. */
export class EarlyLogin {
  readonly #giveUp = new AbortController()
  readonly #shell: Promise<GuestShell>

  /** `open` must end when its signal aborts. */
  constructor(open: (signal: AbortSignal) => Promise<GuestShell>, signal?: AbortSignal) {
    const follow = () => this.#giveUp.abort(signal?.reason)
    if (signal?.aborted === true) follow()
    signal?.addEventListener('abort', follow, { once: true })
    this.#shell = open(this.#giveUp.signal).finally(() => signal?.removeEventListener('abort', follow))
    this.#shell.catch(() => {})
  }

  /** The connection, which is the caller's from then on; rejects as `open` did. A caller who gives up first leaves none behind. */
  async take(signal?: AbortSignal): Promise<GuestShell> {
    if (signal === undefined) return this.#shell
    try {
      return await orAborted(this.#shell, signal)
    } catch (thrown) {
      this.#shell.then(close, () => {})
      this.#giveUp.abort()
      throw thrown
    }
  }

  /** Resolves when nothing is left of it. */
  async end(): Promise<void> {
    this.#giveUp.abort()
    await this.#shell.then(close, () => {})
  }
}

function close(shell: GuestShell): Promise<void> {
  return shell.close()
}
