import { StillshotError } from '../../../src/errors.ts'
import type { Clones } from '../../../src/hypervisor/clones.ts'
import type { GuestAgent, Hypervisor } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions, Clock } from '../../../src/system/clock.ts'

/** The calls of the port that wait, those of its parts with the part's name before them. */
export type FakeCall =
  | Exclude<keyof Hypervisor, 'name' | 'kind' | 'capabilities' | 'watch' | 'byHand' | 'clones' | 'guestAgent'>
  | `clones.${Exclude<keyof Clones, 'reach'>}`
  | `guestAgent.${keyof GuestAgent}`

/** Something that goes wrong with the next calls of one kind. */
export interface FakeFault {
  readonly call: FakeCall
  /**
   * `fail`: rejects with `error` and has done nothing. `lose-answer`: does the work, then rejects with `answer-lost`.
   * `delay`: does it after `ms`. `hang`: does the work and never settles, as for a process that died.
   */
  readonly kind: 'fail' | 'lose-answer' | 'delay' | 'hang'
  readonly error?: StillshotError
  readonly ms?: number
  /** For how many calls; 1 unless given. */
  readonly times?: number
}

/** The faults that a test asked for, used up call by call. */
export class FakeFaults {
  readonly #clock: Pick<Clock, 'sleep'>
  #faults: { fault: FakeFault; left: number }[] = []

  constructor(clock: Pick<Clock, 'sleep'>) {
    this.#clock = clock
  }

  add(fault: FakeFault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 })
  }

  clear(): void {
    this.#faults = []
  }

  /** Runs `work` as the faults for `call` have it. */
  async run<Answer>(call: FakeCall, options: CallOptions | undefined, work: () => Answer): Promise<Answer> {
    throwIfAborted(options?.signal)
    const fault = this.#take(call)
    if (fault === undefined) return work()
    if (fault.kind === 'fail')
      throw fault.error ?? new StillshotError('hypervisor-unreachable', `fake fault in ${call}`)
    if (fault.kind === 'delay') {
      await this.#clock.sleep(fault.ms ?? 0, options?.signal)
      return work()
    }
    work()
    if (fault.kind === 'hang') return new Promise(() => {})
    throw new StillshotError('answer-lost', `fake fault: the answer to ${call} was lost`)
  }

  #take(call: FakeCall): FakeFault | undefined {
    const found = this.#faults.find(({ fault, left }) => fault.call === call && left > 0)
    if (found !== undefined) found.left -= 1
    return found?.fault
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return
  if (signal.reason instanceof StillshotError) throw signal.reason
  throw new StillshotError('cancelled', 'cancelled', { cause: signal.reason })
}
