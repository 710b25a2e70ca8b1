import { keepsDown } from './half.ts'
import type { GuestMachine } from './machine.ts'

/** A plain unit that is enabled at boot when it was active; the condition of its drop-in holds for whoever starts it. */
export class WebServer {
  readonly enabled: boolean
  readonly #machine: GuestMachine
  active: boolean

  constructor(machine: GuestMachine, runs: boolean) {
    this.#machine = machine
    this.enabled = runs
    this.active = runs
    machine.onEnd(() => {
      this.active = false
    })
    machine.onBoot(() => {
      if (this.enabled) this.start()
    })
  }

  start(): void {
    this.active ||= !keepsDown(this.#machine.disk)
  }
}
