import { StillshotError, toStillshotError } from '../errors.ts'
import { formatInstant } from '../system/instant.ts'
import { type CarriedOut, carryOutUndos, type UndoWorld } from './carry-out-undos.ts'
import { type JournalEvent, openUndos, type RunOutcome, type UndoRecord } from './journal-event.ts'

/** What is written down before an act. */
export interface Intent {
  readonly step: string
  readonly undo?: UndoRecord
  readonly replaces?: readonly string[]
}

export interface ActOptions<T> {
  /** Steps whose undo is no longer due once this one is done. */
  readonly settles?: readonly string[] | ((result: T) => readonly string[])
  /** What the timeline shows of the result; plain JSON, no secret. */
  readonly facts?: (result: T) => Readonly<Record<string, unknown>>
}

/**
 * The forward path of one run and its way back. {@link intend} writes down, {@link act} does; {@link step} is both. The
 * way back is computed from the same events that `recover` reads after a crash, so that there is only one.
 */
export class Saga {
  readonly #world: UndoWorld
  readonly #events: JournalEvent[]
  readonly #intended = new Set<string>()

  /** `events`: what the journal holds already, at least `run-begun`. */
  constructor(world: UndoWorld, events: readonly JournalEvent[]) {
    this.#world = world
    this.#events = [...events]
  }

  /**
   * Writes down what will be done, and how to take it back, and resolves when it is on the disk. Several steps that
   * follow each other closely are written at once, so that no write lies between them.
   */
  async intend(...intents: readonly Intent[]): Promise<void> {
    const events = intents.map((intent): JournalEvent => ({ event: 'intent', at: this.#at(), ...intent }))
    await this.#world.journal.write(events, { durable: true })
    this.#events.push(...events)
    for (const { step } of intents) this.#intended.add(step)
  }

  /** Carries out a step that was intended. What it throws is journalled and thrown on. */
  async act<T>(step: string, work: () => Promise<T>, options: ActOptions<T> = {}): Promise<T> {
    if (!this.#intended.has(step)) throw new StillshotError('defect', `step '${step}' was not written down before it`)
    let result: T
    try {
      result = await work()
    } catch (thrown) {
      const { code, message } = toStillshotError(thrown)
      this.#note({ event: 'failed', at: this.#at(), step, code, message })
      throw thrown
    }
    const { settles, facts } = options
    this.#note({
      event: 'done',
      at: this.#at(),
      step,
      ...(settles === undefined ? {} : { settles: typeof settles === 'function' ? settles(result) : settles }),
      ...(facts === undefined ? {} : { facts: facts(result) }),
    })
    return result
  }

  /** {@link intend} and {@link act}. */
  async step<T>(intent: Intent, work: () => Promise<T>, options: ActOptions<T> = {}): Promise<T> {
    await this.intend(intent)
    return this.act(intent.step, work, options)
  }

  /** Ends the run. */
  async end(outcome: RunOutcome): Promise<void> {
    const ended: JournalEvent = { event: 'run-ended', at: this.#at(), outcome }
    this.#events.push(ended)
    await this.#world.journal.write([ended], { durable: true }).catch((thrown) => this.#unwritten(thrown))
    await this.#world.journal.close()
  }

  /** Takes back everything that is open, urgent first, and ends the run. Never rejects. */
  async undo(): Promise<CarriedOut> {
    const open = openUndos(this.#events)
    const carriedOut = await carryOutUndos(this.#world, open)
    const { failures } = carriedOut
    await this.end(failures.length > 0 ? 'undo-failed' : open.length > 0 ? 'undone' : 'failed')
    return carriedOut
  }

  #at(): string {
    return formatInstant(this.#world.clock.now())
  }

  /**
   * A line about something that has happened already. Losing it loses no safety, so a full disk does not stop the run, and
   * nobody waits for it: the lines before and after an outage are no part of it.
   */
  #note(event: JournalEvent): void {
    this.#events.push(event)
    this.#world.journal.write([event], { durable: false }).catch((thrown) => this.#unwritten(thrown))
  }

  #unwritten(thrown: unknown): void {
    this.#world.log.error('the journal cannot be written', { message: toStillshotError(thrown).message })
  }
}
