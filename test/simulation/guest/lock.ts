import type { GuestMachine } from './machine.ts'

/** The helper's lock: flock on a file, asked for again and again; a boot frees it. */
export class GuestLock {
  readonly #machine: GuestMachine
  #holder: object | undefined

  constructor(machine: GuestMachine) {
    this.#machine = machine
    machine.onEnd(() => {
      this.#holder = undefined
    })
  }

  /** Undefined when somebody else had it all the time. */
  async take(limitMs: number): Promise<Disposable | undefined> {
    const until = this.#machine.uptime() + limitMs
    while (this.#holder !== undefined) {
      if (this.#machine.uptime() >= until) return undefined
      await this.#machine.sleep(Math.min(250, limitMs))
    }
    const holder = {}
    this.#holder = holder
    const free = () => {
      if (this.#holder === holder) this.#holder = undefined
    }
    return { [Symbol.dispose]: free }
  }
}
