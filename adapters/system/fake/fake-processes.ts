import type { Processes, ProcessIdentity } from '../../../src/system/processes.ts'

/** A table of processes: who lives is what the test says. */
export class FakeProcesses implements Processes {
  readonly #alive = new Set<string>()
  #self: ProcessIdentity

  constructor(self: Partial<ProcessIdentity> = {}) {
    this.#self = { host: 'coordinator', bootId: 'boot-1', pid: 100, startTime: '1000', ...self }
    this.#alive.add(key(this.#self))
  }

  async self(): Promise<ProcessIdentity> {
    return this.#self
  }

  async state(identity: ProcessIdentity): Promise<'alive' | 'dead' | 'unknown'> {
    if (identity.host !== this.#self.host) return 'unknown'
    return this.#alive.has(key(identity)) ? 'alive' : 'dead'
  }

  /** Ends the process that runs the code under test; the next one has another number and start time. */
  restart(): void {
    this.#alive.delete(key(this.#self))
    const { pid, startTime } = this.#self
    this.#self = { ...this.#self, pid: pid + 1, startTime: String(Number(startTime) + 1) }
    this.#alive.add(key(this.#self))
  }

  /** Another process of this machine, alive until {@link end}. */
  begin(pid: number): ProcessIdentity {
    const identity = { ...this.#self, pid, startTime: `${pid}0` }
    this.#alive.add(key(identity))
    return identity
  }

  /** No error when it is not there. */
  end(identity: ProcessIdentity): void {
    this.#alive.delete(key(identity))
  }
}

function key({ bootId, pid, startTime }: ProcessIdentity): string {
  return `${bootId} ${pid} ${startTime}`
}
