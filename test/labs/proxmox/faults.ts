/** Something that goes wrong with the answer to a call. */
export interface AnswerFault {
  /**
   * `lose`: the connection is cut. `answer`: this status and reason stand instead of the real ones, with an empty body,
   * as when the web server gives up on the daemon. `delay`: it stands still for `ms`, the client may be gone meanwhile.
   */
  readonly kind: 'lose' | 'answer' | 'delay'
  /** `POST /nodes/pve1/qemu/100/snapshot`, as a regular expression. */
  readonly call: string
  /** Whether it happens before the call's work, which `lose` and `answer` then leave out, or after it. */
  readonly when: 'before' | 'after'
  readonly status?: number
  readonly reason?: string
  readonly ms?: number
  /** For how many calls; 1 unless given. */
  readonly times?: number
}

/** Something that goes wrong inside a task. */
export interface TaskFault {
  /**
   * `slow`: it stands still for `ms` at the point. `kill`: its worker dies there, as by `kill -9`. `fail`: it fails
   * there with `message`. `warn`: it counts a warning with `message`, and ends with `WARNINGS: n`.
   */
  readonly kind: 'slow' | 'kill' | 'fail' | 'warn'
  /** `qmsnapshot`, `qmdelsnapshot`, `qmrollback`, `qmstart` and so on. */
  readonly task: string
  readonly point: Point
  readonly ms?: number
  readonly message?: string
  readonly times?: number
}

/**
 * Places in the work of a task. `begun`: nothing done. `locked`: lock and unfinished snapshot stand in the
 * configuration. `frozen`, `paused`, `resumed`, `thawed`: of the guest. `disk scsi0`: before this disk's turn.
 * `disks`: after all of them. `done`: everything is, and only the task has not ended.
 */
export type Point =
  | 'begun'
  | 'locked'
  | 'frozen'
  | 'paused'
  | `disk ${string}`
  | 'disks'
  | 'resumed'
  | 'thawed'
  | 'done'

export type Fault = AnswerFault | TaskFault

/** The faults that a test asked for, used up one by one, the oldest first. */
export class Faults {
  #faults: { readonly fault: Fault; left: number }[] = []

  add(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 })
  }

  clear(): void {
    this.#faults = []
  }

  /** How many have not happened: a test that asked for some looks whether they did. */
  get unused(): number {
    return this.#faults.reduce((sum, { left }) => sum + left, 0)
  }

  /** The fault for this call, used up by asking. */
  forAnswer(method: string, path: string): AnswerFault | undefined {
    return this.#take(
      (fault): fault is AnswerFault => 'call' in fault && new RegExp(fault.call).test(`${method} ${path}`),
    )
  }

  /** The faults of one task at one point, used up by asking. */
  forTask(task: string, point: Point): readonly TaskFault[] {
    const found: TaskFault[] = []
    const isOne = (fault: Fault): fault is TaskFault =>
      'task' in fault && fault.task === task && fault.point === point && !found.includes(fault)
    for (let fault = this.#take(isOne); fault !== undefined; fault = this.#take(isOne)) found.push(fault)
    return found
  }

  #take<One extends Fault>(isOne: (fault: Fault) => fault is One): One | undefined {
    for (const entry of this.#faults) {
      const { fault } = entry
      if (entry.left <= 0 || !isOne(fault)) continue
      entry.left -= 1
      return fault
    }
    return undefined
  }
}
