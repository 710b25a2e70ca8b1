import { setTimeout as sleep } from 'node:timers/promises'
import type { Faults } from '../faults.ts'
import type { Flocks } from './flocks.ts'
import type { Task } from './task.ts'
import { upidOf } from './upid.ts'
import { type Work, WorkerProcess } from './worker.ts'

export interface TaskRequest {
  readonly node: string
  readonly type: string
  readonly id: string
  readonly who: string
}

/** How long a process that was asked to end is given. */
const MERCY_MS = 5_000

/** The tasks of all nodes, the oldest first. */
export class Tasks {
  readonly #workers: WorkerProcess[] = []
  readonly #faults: Faults
  readonly #flocks: Flocks
  readonly #now: () => number
  #pid = 0x3f2a1

  constructor(options: { faults: Faults; flocks: Flocks; now: () => number }) {
    this.#faults = options.faults
    this.#flocks = options.flocks
    this.#now = options.now
  }

  /** Starts a worker and gives its task at once; what the work makes of it is only to be seen in the task. */
  fork(request: TaskRequest, work: Work): Task {
    this.#pid += 7
    const now = this.#now()
    const name = {
      ...request,
      pid: this.#pid,
      pstart: Math.floor(now / 10) % 0xffff_ffff,
      starttime: Math.floor(now / 1000),
    }
    const worker = new WorkerProcess({ ...name, upid: upidOf(name) }, { faults: this.#faults, now: this.#now })
    worker.onKill = () => this.kill(worker.task.upid)
    this.#workers.push(worker)
    setImmediate(() => worker.run(work))
    return worker.task
  }

  get all(): readonly Task[] {
    return this.#workers.map(({ task }) => task)
  }

  find(upid: string): Task | undefined {
    return this.all.find((task) => task.upid === upid)
  }

  /** SIGKILL: nothing more of its work is done, and its locks of files are free. */
  kill(upid: string): void {
    const worker = this.#workers.find(({ task }) => task.upid === upid)
    if (worker === undefined || !worker.task.running) return
    worker.die()
    this.#flocks.died(worker)
  }

  /** SIGTERM, and SIGKILL when that does not help. */
  async interrupt(upid: string): Promise<void> {
    const worker = this.#workers.find(({ task }) => task.upid === upid)
    if (worker === undefined || !worker.task.running) return
    worker.interrupt()
    await Promise.race([worker.task.ended, sleep(MERCY_MS, undefined, { ref: false })])
    this.kill(upid)
  }

  /** All workers of a node die with it. */
  nodeDied(node: string): void {
    for (const task of this.all) if (task.node === node) this.kill(task.upid)
  }
}
