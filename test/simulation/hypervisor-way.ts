import { StillshotError } from '../../src/errors.ts'
import { type CallOptions, type Clock, DeadlineExceeded } from '../../src/system/clock.ts'
import type { HypervisorTroubles } from './hypervisor-troubles.ts'

/** Between a process and the hypervisor: requests and answers that travel, and a hypervisor that nobody reaches. */
export class HypervisorWay {
  readonly #clock: Clock
  readonly #troubles: HypervisorTroubles

  constructor(clock: Clock, troubles: HypervisorTroubles) {
    this.#clock = clock
    this.#troubles = troubles
  }

  /** A question and its answer. */
  async ask<T>(options: CallOptions = {}, look: () => T | Promise<T>): Promise<T> {
    await this.travel(options)
    const found = await look()
    await this.travel(options)
    return found
  }

  /** Once there, or once back. */
  async travel({ signal }: CallOptions): Promise<void> {
    try {
      await this.#clock.sleep(this.#troubles.travelMs(), signal)
    } catch (thrown) {
      throw thrown instanceof StillshotError ? thrown : givenUp(thrown)
    }
    if (this.#troubles.unreachableUntilMs > this.#clock.monotonic()) {
      throw new StillshotError('hypervisor-unreachable', 'nobody reaches the hypervisor')
    }
  }
}

/** What a caller is told who did not wait. */
export function givenUp(cause: unknown): StillshotError {
  const late = cause instanceof DeadlineExceeded
  return new StillshotError(late ? 'hypervisor-unreachable' : 'cancelled', 'no answer was waited for', { cause })
}
