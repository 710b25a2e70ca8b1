import type { StillshotError } from '../../../src/errors.ts'
import type { GuestShell, GuestShells, GuestTarget } from '../../../src/guest/guest-shell.ts'
import { callLimit } from '../../../src/system/call-limit.ts'
import type { CallOptions, Clock } from '../../../src/system/clock.ts'
import { FakeShell, type GuestProgram, type RunFault } from './fake-shell.ts'

/** What goes wrong with one attempt to connect. */
export interface OpenFault {
  readonly delayMs?: number
  readonly error?: StillshotError
}

export interface FakeShellsSettings {
  readonly clock: Clock
  readonly program: GuestProgram
  /** Who answers a connection that is opened now, where it is not always `program`. */
  readonly connect?: () => GuestProgram
  readonly hostKeyFingerprint?: string
  /** Asked for every attempt to connect and every command that no queued fault is for. */
  readonly openFault?: (target: GuestTarget) => OpenFault | undefined
  readonly runFault?: (argv: readonly string[]) => RunFault | undefined
}

/** Guests without a network: one function is the guest, faults are data, time is the clock's. */
export class FakeShells implements GuestShells {
  readonly #settings: FakeShellsSettings
  readonly #shells = new Set<FakeShell>()
  readonly #openFaults: OpenFault[] = []
  readonly #runFaults: RunFault[] = []

  constructor(settings: FakeShellsSettings) {
    this.#settings = settings
  }

  /** For the next attempt to connect that has no fault yet; `{}` lets one pass. */
  faultNextOpen(fault: OpenFault): void {
    this.#openFaults.push(fault)
  }

  /** For the next command that has no fault yet; `{}` lets one pass. */
  faultNextRun(fault: RunFault): void {
    this.#runFaults.push(fault)
  }

  /** Connections that are open now. */
  get openCount(): number {
    return [...this.#shells].filter((shell) => shell.open).length
  }

  /** Ends every connection at once, as a network that fails; what runs in the guest goes on. */
  cut(): void {
    for (const shell of this.#shells) shell.cut()
    this.#shells.clear()
  }

  async open(target: GuestTarget, options: CallOptions = {}): Promise<GuestShell> {
    const { clock, connect, openFault, runFault, hostKeyFingerprint = 'SHA256:fake' } = this.#settings
    using limit = callLimit(clock, options)
    limit.signal.throwIfAborted()
    const { delayMs, error } = this.#openFaults.shift() ?? openFault?.(target) ?? {}
    if (delayMs !== undefined) await clock.sleep(delayMs, limit.signal)
    if (error !== undefined) throw error
    const program = connect?.() ?? this.#settings.program
    const takeFault = (argv: readonly string[]) => this.#runFaults.shift() ?? runFault?.(argv)
    const shell = new FakeShell({ clock, program, target, hostKeyFingerprint, takeFault })
    this.#shells.add(shell)
    return shell
  }
}
