import type { GuestHold } from './guest-hold.ts'

/** What keeps units from being started by anybody but the helper, until the next boot. */
export class UnitBlock {
  #hold: string | undefined
  /** A hold of this boot has stopped the server: its drop-in heeds every later block. */
  #serverHeeds = false

  get isClosed(): boolean {
    return this.#hold !== undefined
  }

  get keepsServerDown(): boolean {
    return this.isClosed && this.#serverHeeds
  }

  close({ id, plan }: GuestHold): void {
    this.#hold = id
    this.#serverHeeds ||= plan.server
  }

  /** A watchdog that comes late does not lift a later hold's block. */
  lift({ id }: GuestHold): void {
    if (this.#hold === id) this.#hold = undefined
  }

  forget(): void {
    this.#hold = undefined
    this.#serverHeeds = false
  }
}
