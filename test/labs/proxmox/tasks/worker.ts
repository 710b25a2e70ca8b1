import { setTimeout as sleep } from 'node:timers/promises'
import type { Faults, Point, TaskFault } from '../faults.ts'
import type { Task } from './task.ts'
import type { TaskName } from './upid.ts'

/** What a task does with its process. */
export type Work = (worker: WorkerProcess) => Promise<void>

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] }

/**
 * The process of one task. One that was killed never comes back from {@link at}: a dead process is a promise that does
 * not settle, so that nothing after it is done, tidying included.
 */
export class WorkerProcess {
  readonly #task: Mutable<Task> & { lines: string[] }
  readonly #faults: Faults
  readonly #now: () => number
  readonly #end: () => void
  #warnings = 0
  #interrupted = false

  constructor(name: TaskName & { upid: string }, options: { faults: Faults; now: () => number }) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#task = { ...name, lines: [], running: true, endtime: undefined, exitStatus: undefined, ended: promise }
    this.#end = resolve
    this.#faults = options.faults
    this.#now = options.now
  }

  get task(): Task {
    return this.#task
  }

  /** A line of the task's log; a plain warning of the product is nothing else. */
  log(line: string): void {
    if (this.#task.running) this.#task.lines.push(line)
  }

  /** A warning that counts: the task ends with `WARNINGS: n`. */
  warn(message: string): void {
    this.log(`WARN: ${message}`)
    this.#warnings += 1
  }

  /** A place in the work: what was asked to go wrong here does. */
  async at(point: Point): Promise<void> {
    await this.#alive()
    for (const fault of this.#faults.forTask(this.#task.type, point)) await this.#suffer(fault)
    await this.#alive()
    if (this.#interrupted) {
      this.#interrupted = false
      throw new Error('received interrupt')
    }
  }

  /** Does the work and writes down how it ended. */
  async run(work: Work): Promise<void> {
    try {
      await this.at('begun')
      await work(this)
      if (this.#warnings > 0) this.#finish(`WARNINGS: ${this.#warnings}`, `TASK WARNINGS: ${this.#warnings}`)
      else this.#finish('OK', 'TASK OK')
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      this.#finish(message.trim().replaceAll('\n', ' '), `TASK ERROR: ${message}`)
    }
  }

  interrupt(): void {
    this.#interrupted = true
  }

  /** As by `kill -9`: the log has no last line, so the status is "unexpected status". */
  die(): void {
    this.#finish('unexpected status')
  }

  #finish(exitStatus: string, lastLine?: string): void {
    if (!this.#task.running) return
    if (lastLine !== undefined) this.log(lastLine)
    this.#task.running = false
    this.#task.exitStatus = exitStatus
    this.#task.endtime = Math.floor(this.#now() / 1000)
    this.#end()
  }

  async #alive(): Promise<void> {
    if (!this.#task.running) await new Promise(() => {})
  }

  async #suffer({ kind, ms, message }: TaskFault): Promise<void> {
    if (kind === 'slow') await sleep(ms ?? 0, undefined, { ref: false })
    else if (kind === 'fail') throw new Error(message ?? 'fault on request')
    else if (kind === 'warn') this.warn(message ?? 'fault on request')
    else this.onKill()
  }

  /** Set by whoever keeps the processes, because a death frees more than the process itself knows of. */
  onKill = (): void => this.die()
}
