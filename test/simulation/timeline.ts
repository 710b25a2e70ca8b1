import type { Clock } from '../../src/system/clock.ts'

/** What happened in a world, for a person who replays a seed. Nothing is kept unless `kept` is asked for. */
export class Timeline {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #lines: string[] | undefined

  constructor(clock: Pick<Clock, 'monotonic'>, { kept }: { kept: boolean }) {
    this.#clock = clock
    this.#lines = kept ? [] : undefined
  }

  /** `text` is made only where somebody will read it. */
  say(who: string, text: () => string): void {
    this.#lines?.push(`${seconds(this.#clock.monotonic())}  ${who.padEnd(11)}  ${text()}`)
  }

  get lines(): readonly string[] {
    return this.#lines ?? []
  }
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3).padStart(9)
}
