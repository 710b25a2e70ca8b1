import type { RunFault } from '../../adapters/guests/fake/fake-shell.ts'
import { FakeShells } from '../../adapters/guests/fake/fake-shells.ts'
import { StillshotError } from '../../src/errors.ts'
import type { Clock } from '../../src/system/clock.ts'
import type { Chance } from './chance.ts'
import type { SimulatedGuest } from './guest/guest.ts'

/** Between the hosts and one guest: it delays, is cut, and loses requests and answers. */
export class Network {
  readonly #clock: Clock
  readonly #chance: Chance
  readonly #guest: SimulatedGuest
  readonly #open = new Set<FakeShells>()
  readonly #queued: RunFault[] = []
  /** Nothing gets through before this time of the world. */
  downUntilMs = 0

  constructor(clock: Clock, chance: Chance, guest: SimulatedGuest) {
    this.#clock = clock
    this.#chance = chance
    this.#guest = guest
    guest.machine.onEnd(() => this.cut())
  }

  /** The port of one process. `onVerb` hears of every verb that arrives in the guest. */
  shells(onVerb: (verb: string, words: readonly string[]) => void): FakeShells {
    const shells = new FakeShells({
      clock: this.#clock,
      program: (argv) => {
        const [verb = '', ...words] = argv.slice(argv.indexOf('/usr/local/sbin/stillshot-guest') + 1)
        onVerb(verb, words)
        return this.#guest.run(argv)
      },
      openFault: () => (this.#passes ? { delayMs: this.#chance.between(5, 80) } : this.#unreachable()),
      runFault: () => this.#runFault(),
    })
    this.#open.add(shells)
    return shells
  }

  /** For the next command that has none yet. */
  queue(fault: RunFault): void {
    this.#queued.push(fault)
  }

  /** Every connection ends; what runs in the guest goes on. */
  cut(): void {
    for (const shells of this.#open) shells.cut()
  }

  lift(): void {
    this.downUntilMs = 0
    this.#queued.length = 0
  }

  get #passes(): boolean {
    const { machine } = this.#guest
    return machine.isUp && !machine.isPaused && this.downUntilMs <= this.#clock.monotonic()
  }

  #unreachable() {
    const error = new StillshotError('guest-unreachable', 'no route to the guest')
    return { delayMs: this.#chance.between(100, 5_000), error }
  }

  #runFault(): RunFault {
    if (!this.#passes) return { delayMs: this.#chance.between(1_000, 10_000), lose: 'request' }
    return this.#queued.shift() ?? { delayMs: this.#chance.between(1, 20) }
  }
}
