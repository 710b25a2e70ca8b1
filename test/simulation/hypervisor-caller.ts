/** Who waits for a change: told on the way that the task has ended, unless he has gone away by then. */
export class Caller {
  /** Rejects with what he is told when he goes away. */
  readonly gone: Promise<never>
  readonly #travel: () => Promise<void>
  readonly #reject: (error: Error) => void
  #isGone = false

  constructor(travel: () => Promise<void>) {
    const { promise, reject } = Promise.withResolvers<never>()
    promise.catch(() => {})
    this.gone = promise
    this.#reject = reject
    this.#travel = travel
  }

  goAway(error: Error): void {
    this.#isGone = true
    this.#reject(error)
  }

  /** What is on its way is lost where nobody can be reached; the work is done either way. */
  async told(onMade: (() => void) | undefined): Promise<void> {
    const arrives = await this.#travel().then(
      () => true,
      () => false,
    )
    if (arrives && !this.#isGone) onMade?.()
  }
}
