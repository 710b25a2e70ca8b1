import type { Clock } from '../system/clock.ts'
import { formatInstant } from '../system/instant.ts'
import type { SnapshotTiming } from './evidence.ts'

const MOMENTS = ['holdAnswered', 'requested', 'ended', 'releaseSent'] as const
type Moment = (typeof MOMENTS)[number]

/** Notes the moments around the hypervisor's task as they pass. */
export class Timing {
  readonly #clock: Clock
  readonly #at = new Map<Moment, { monotonicMs: number; wall: string }>()

  readonly #repeated = new Set<Moment>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The first time counts: a release whose answer was lost may have worked when it was first sent. */
  mark(moment: Moment): void {
    if (this.#at.has(moment)) this.#repeated.add(moment)
    else this.#at.set(moment, { monotonicMs: this.#clock.monotonic(), wall: formatInstant(this.#clock.now()) })
  }

  /** By the coordinator's monotonic clock; NaN for a moment that never came. */
  monotonicOf(moment: Moment): number {
    return this.#at.get(moment)?.monotonicMs ?? Number.NaN
  }

  /** Milliseconds of the coordinator's own between the guest and the hypervisor. */
  get coordinatorMs(): number {
    const { holdAnsweredMs, requestedMs, endedMs, releaseSentMs } = this.read()
    return Math.round((requestedMs - holdAnsweredMs + (releaseSentMs - endedMs)) * 1000) / 1000
  }

  /** NaN and '' for a moment that never came. */
  read(): SnapshotTiming {
    const ms = (moment: Moment) => this.monotonicOf(moment)
    const wall = (moment: Moment) => this.#at.get(moment)?.wall ?? ''
    return {
      holdAnsweredMs: ms('holdAnswered'),
      requestedMs: ms('requested'),
      endedMs: ms('ended'),
      releaseSentMs: ms('releaseSent'),
      releaseRepeated: this.#repeated.has('releaseSent'),
      requestedAt: wall('requested'),
      endedAt: wall('ended'),
    }
  }
}
