import type { CommandResult, GuestShell } from './guest-shell.ts'

/**
 * A release that was begun before anything stops and waits in the guest until it is told: login, sudo and the start of the
 * helper are then no part of the outage. A connection that is lost tells it nothing, and it ends with nothing done.
 */
export class WaitingRelease {
  readonly holdId: string
  readonly #told = Promise.withResolvers<string>()
  readonly #giveUp = new AbortController()
  readonly #result: Promise<CommandResult | undefined>
  #ended = false

  /** `argv` is that of the release; never rejects, whatever becomes of it. */
  constructor(shell: GuestShell, argv: readonly string[], holdId: string) {
    this.holdId = holdId
    const options = { stdin: this.#told.promise, signal: this.#giveUp.signal }
    this.#result = shell.run([...argv, 'when-told'], options).then(
      (result) => this.#end(result),
      () => this.#end(undefined),
    )
  }

  /**
   * Tells it to release, with what the release reads. Resolves with what the helper said; with undefined when it said
   * nothing, as a helper that does not know how to wait, or one whose connection was lost: then the release is asked for in
   * the ordinary way, with the same id. `onSent` is called only when there is somebody to be told.
   */
  async tell(stdin: string, { signal, onSent }: { signal: AbortSignal; onSent?: () => void }) {
    if (this.#ended) return undefined
    const onAbort = () => this.#giveUp.abort(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    // One that is over already tells nobody any more.
    if (signal.aborted) onAbort()
    else {
      this.#told.resolve(`release\n${stdin}`)
      onSent?.()
    }
    const result = await this.#result
    signal.removeEventListener('abort', onAbort)
    return result?.stdout === '' ? undefined : result
  }

  #end(result: CommandResult | undefined): CommandResult | undefined {
    this.#ended = true
    return result
  }
}
