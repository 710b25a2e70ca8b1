import type { GuestMachine } from './machine.ts'
import type { GuestServer } from './server.ts'

/** The server's settings before a drain, as the real helper finds them in a plain MariaDB. */
const SETTINGS = { innodb_io_capacity: '200', innodb_max_dirty_pages_pct: '90.0' }
/** How long after a drain's own time the guest puts the settings back by itself. */
const TIMER_MS = 15_000

/** What drains have lowered in a server, and the notes by which it is put back; a start of the server puts it back, too. */
export class GuestDrains {
  readonly #machine: GuestMachine
  readonly #server: GuestServer
  /** Ids of the drains that were not put back. */
  readonly #notes = new Set<string>()
  /** Ids that were put back, or are to be. */
  readonly #over = new Set<string>()
  /** Ends the wait of the drain that is under way. */
  #stopWaiting = () => {}
  /** The start of the server since which its settings are lowered. */
  #loweredIn: number | undefined

  constructor(machine: GuestMachine, server: GuestServer) {
    this.#machine = machine
    this.#server = server
    machine.onEnd(() => {
      this.#notes.clear()
      this.#over.clear()
      this.#loweredIn = undefined
    })
  }

  /** The server's settings are those of a drain. */
  get lowered(): boolean {
    return this.#loweredIn === this.#server.facts.invocation
  }

  /** A drain has noted the settings, and not been put back. */
  get noted(): boolean {
    return this.#notes.size > 0
  }

  isOver(id: string): boolean {
    return this.#over.has(id)
  }

  /** Returns what was found, and arms the timer. The server runs: what others have lowered is put back first. */
  note(id: string, seconds: number): Readonly<Record<string, string>> {
    this.#notes.clear()
    this.#notes.add(id)
    this.#loweredIn = undefined
    this.#machine.sleep(seconds * 1000 + TIMER_MS).then(() => this.putBack(id))
    return SETTINGS
  }

  /** A server that does not run takes no settings. */
  lower(): void {
    if (this.#server.running) this.#loweredIn = this.#server.facts.invocation
  }

  /** Resolves when the drain of this id has waited so long, or is over. */
  async end(id: string, waitMs: number): Promise<void> {
    const over = new Promise<void>((resolve) => {
      this.#stopWaiting = resolve
    })
    if (!this.isOver(id)) await Promise.race([this.#machine.sleep(waitMs), over])
  }

  /** A drain of this id ends, and none begins any more. */
  finish(id: string): void {
    this.#over.add(id)
    if (this.#notes.has(id)) this.#stopWaiting()
  }

  /** Returns what was put back, and undefined when the server could not be asked to. */
  putBack(id: string): Readonly<Record<string, string>> | undefined {
    if (!this.#notes.has(id)) return {}
    if (!this.#server.running) return undefined
    this.#notes.delete(id)
    this.#loweredIn = undefined
    return SETTINGS
  }
}
