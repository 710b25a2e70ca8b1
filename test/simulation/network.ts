import type { GuestProgram, RunFault } from '../../adapters/guests/fake/fake-shell.ts'
import { FakeShells } from '../../adapters/guests/fake/fake-shells.ts'
import { StillshotError } from '../../src/errors.ts'
import type { Clock } from '../../src/system/clock.ts'
import type { Chance } from './chance.ts'
import type { SimulatedGuest } from './guest/guest.ts'

/** Between the hosts and the guests: it delays, is cut, loses requests and answers, and may lead to the wrong machine. */
export class Network {
  readonly #clock: Clock
  readonly #chance: Chance
  readonly #guest: SimulatedGuest
  readonly #other: SimulatedGuest
  readonly #open = new Set<FakeShells>()
  readonly #queued: RunFault[] = []
  /** Nothing gets through before this time of the world. */
  downUntilMs = 0
  /** Who opens a connection now reaches another machine: a clone that took the address. */
  leadsAstray = false

  constructor(clock: Clock, chance: Chance, guests: { guest: SimulatedGuest; other: SimulatedGuest }) {
    this.#clock = clock
    this.#chance = chance
    this.#guest = guests.guest
    this.#other = guests.other
    for (const { machine } of [this.#guest, this.#other]) machine.onEnd(() => this.cut())
  }

  /** The port of one process. `onVerb` hears of every verb that arrives in the guest. */
  shells(onVerb: (verb: string, words: readonly string[]) => void): FakeShells {
    const programOf =
      (guest: SimulatedGuest): GuestProgram =>
      (argv, stdin) => {
        const [verb = '', ...words] = argv.slice(argv.indexOf('/usr/local/sbin/stillshot-guest') + 1)
        onVerb(verb, words)
        return guest.run(argv, stdin)
      }
    const shells = new FakeShells({
      clock: this.#clock,
      program: programOf(this.#guest),
      connect: () => programOf(this.#reached),
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
    this.leadsAstray = false
    this.#queued.length = 0
  }

  get #reached(): SimulatedGuest {
    return this.leadsAstray ? this.#other : this.#guest
  }

  get #passes(): boolean {
    const { machine } = this.#reached
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
