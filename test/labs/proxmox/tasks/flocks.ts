import { Refusal } from '../refusal.ts'

interface Waiter {
  readonly owner: object
  readonly take: () => void
  /** Ends the wait without an end for who waits: its process is gone. */
  readonly abandon: () => void
}

interface Held {
  owner: object
  readonly waiters: Waiter[]
}

/** The advisory locks of files on the nodes. An owner is a process: what it holds is free again when it dies. */
export class Flocks {
  readonly #held = new Map<string, Held>()

  /**
   * Runs `work` while the owner holds the lock. Dies with the product's text when it is not free within `timeoutMs`.
   * `waiting` hears of a wait, `taken` of its end.
   */
  async hold<Result>(options: FlockOptions, work: () => Promise<Result>): Promise<Result> {
    await this.#take(options)
    try {
      return await work()
    } finally {
      this.#release(options, options.owner)
    }
  }

  /** Gives back everything that this owner holds, and ends its waits. */
  died(owner: object): void {
    for (const [place, held] of [...this.#held]) {
      for (const waiter of held.waiters.filter((one) => one.owner === owner)) {
        waiter.abandon()
        held.waiters.splice(held.waiters.indexOf(waiter), 1)
      }
      if (held.owner === owner) this.#next(place, held)
    }
  }

  #take({ node, file, owner, timeoutMs, waiting, taken }: FlockOptions): Promise<void> {
    const place = `${node}:${file}`
    const held = this.#held.get(place)
    if (held === undefined) {
      this.#held.set(place, { owner, waiters: [] })
      return Promise.resolve()
    }
    waiting?.()
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        owner,
        take: () => {
          clearTimeout(timer)
          taken?.()
          resolve()
        },
        abandon: () => clearTimeout(timer),
      }
      const timer = setTimeout(() => {
        held.waiters.splice(held.waiters.indexOf(waiter), 1)
        reject(new Refusal(500, `can't lock file '${file}' - got timeout`))
      }, timeoutMs)
      held.waiters.push(waiter)
    })
  }

  #release({ node, file }: FlockOptions, owner: object): void {
    const place = `${node}:${file}`
    const held = this.#held.get(place)
    if (held?.owner === owner) this.#next(place, held)
  }

  #next(place: string, held: Held): void {
    const waiter = held.waiters.shift()
    if (waiter === undefined) {
      this.#held.delete(place)
      return
    }
    held.owner = waiter.owner
    waiter.take()
  }
}

export interface FlockOptions {
  readonly node: string
  readonly file: string
  readonly owner: object
  readonly timeoutMs: number
  readonly waiting?: () => void
  readonly taken?: () => void
}
