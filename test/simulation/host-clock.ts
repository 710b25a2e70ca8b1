import type { Clock, Deadline } from '../../src/system/clock.ts'
import type { Host } from './host.ts'

/** The world's time as a host's clock shows it: the wall clock may be wrong and may jump, the other one may not. */
export class HostClock implements Clock {
  readonly #world: Clock
  readonly #host: Host

  constructor(world: Clock, host: Host) {
    this.#world = world
    this.#host = host
  }

  now(): number {
    return this.#world.now() + this.#host.wallOffsetMs
  }

  monotonic(): number {
    return this.#world.monotonic()
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#world.sleep(ms, signal)
  }

  deadline(ms: number, signal?: AbortSignal): Deadline {
    return this.#world.deadline(ms, signal)
  }
}
