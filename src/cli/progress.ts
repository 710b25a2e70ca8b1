import type { Phase, Progress, ProgressEvent } from '../coordinator/ports.ts'
import type { Clock } from '../system/clock.ts'
import { formatMs, line } from './format.ts'
import type { Terminal } from './terminal.ts'

/** A progress display that must be ended, so that nothing of it is left on the screen. */
export interface ProgressDisplay extends Progress {
  /** Safe twice. */
  close(): Promise<void>
}

const TICK_MS = 100

/** Live on a terminal, plain lines elsewhere, nothing when quiet; always on standard error. */
export function progressDisplay(terminal: Terminal, clock: Clock, options: { quiet: boolean }): ProgressDisplay {
  if (options.quiet) return { phase() {}, async close() {} }
  return terminal.interactive ? new LiveProgress(terminal, clock) : plainProgress(terminal)
}

/** One line for every phase that ended, and one when the database stops: a log should show when the outage began. */
function plainProgress(terminal: Terminal): ProgressDisplay {
  return {
    phase(event) {
      if (event.state !== 'begun' || event.phase === 'hold') terminal.err(`${sentence(event)}\n`)
    },
    async close() {},
  }
}

function sentence({ vm, phase, state, elapsedMs, detail }: ProgressEvent): string {
  const took = elapsedMs === undefined ? '' : ` (${formatMs(elapsedMs)})`
  return line`${vm}: ${WORDS[phase]}: ${state}${took}${detail === undefined ? '' : `: ${detail}`}`
}

const WORDS: Readonly<Record<Phase, string>> = {
  preflight: 'preflight',
  drain: 'drain',
  hold: 'hold',
  snapshot: 'snapshot',
  release: 'release',
  'come-back': 'come back',
  grade: 'grade',
  after: 'after',
  'safety-snapshot': 'safety snapshot',
  'roll-back': 'roll back',
  boot: 'boot',
  clone: 'copy',
  'remove-copy': 'remove copy',
  examine: 'checks',
  recover: 'recover',
  prune: 'prune',
  dump: 'dump',
  archive: 'archive',
  changes: 'keep changes of the binary log',
  load: 'load',
  compare: 'compare files',
  unpack: 'unpack',
  verify: 'verify',
}

/** The last line of the screen ticks while a phase lasts; from the hold to the come-back it shows the outage so far. */
class LiveProgress implements ProgressDisplay {
  readonly #terminal: Terminal
  readonly #clock: Clock
  #current: { readonly event: ProgressEvent; readonly sinceMs: number } | undefined
  #outageSinceMs: number | undefined
  #ticking: { readonly controller: AbortController; readonly ended: Promise<void> } | undefined

  constructor(terminal: Terminal, clock: Clock) {
    this.#terminal = terminal
    this.#clock = clock
  }

  phase(event: ProgressEvent): void {
    if (event.state === 'begun') {
      if (event.phase === 'hold') this.#outageSinceMs ??= this.#clock.monotonic()
      this.#current = { event, sinceMs: this.#clock.monotonic() }
      this.#ticking ??= this.#tick()
      this.#draw()
      return
    }
    this.#current = undefined
    if (event.phase === 'come-back' || event.state === 'failed') this.#outageSinceMs = undefined
    const sign = event.state === 'done' ? '✓' : '✗'
    this.#terminal.err(`\r\u001b[K${sign} ${sentence(event)}\n`)
  }

  async close(): Promise<void> {
    const ticking = this.#ticking
    this.#ticking = undefined
    if (ticking === undefined) return
    ticking.controller.abort(new Error('the display was closed'))
    await ticking.ended
    this.#terminal.err('\r\u001b[K')
  }

  #tick(): { controller: AbortController; ended: Promise<void> } {
    const controller = new AbortController()
    const run = async () => {
      for (;;) {
        await this.#clock.sleep(TICK_MS, controller.signal)
        this.#draw()
      }
    }
    return { controller, ended: run().catch(() => {}) }
  }

  #draw(): void {
    if (this.#current === undefined) return
    const { event, sinceMs } = this.#current
    const now = this.#clock.monotonic()
    const outage = this.#outageSinceMs === undefined ? '' : `, outage so far ${formatMs(now - this.#outageSinceMs)}`
    const text = line`… ${event.vm}: ${WORDS[event.phase]} ${formatMs(now - sinceMs)}${outage}`
    this.#terminal.err(`\r\u001b[K${text.slice(0, Math.max(10, this.#terminal.columns - 1))}`)
  }
}
