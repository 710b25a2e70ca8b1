import type { ProcessIdentity } from '../../src/system/processes.ts'
import { wrapPort } from './wrap-port.ts'

/** What a dead process waits for. One of its own: what all of them waited for would keep every world that ever was. */
export function never(): Promise<never> {
  return new Promise(() => {})
}

let caller: SimulatedProcess | undefined

/** The process that begins a call of a port just now: for who is called, before he first waits. */
export function callingProcess(): SimulatedProcess | undefined {
  return caller
}

/** Where a process dies: at its `call`-th call of a port, before the work of it or after it and before the answer. */
export interface Death {
  readonly call: number
  readonly when: 'before' | 'after'
}

/**
 * A process of stillshot. Dead, it is a port call that never settles: nothing after it runs. What it had asked for goes on
 * in the world.
 */
export class SimulatedProcess {
  readonly identity: ProcessIdentity
  /** Resolves when it dies; never when it ends by itself. */
  readonly died: Promise<'died'>
  /** What SIGTERM aborts. */
  readonly termination = new AbortController()
  readonly #dead = Promise.withResolvers<'died'>()
  readonly #onEnd: (process: SimulatedProcess) => void
  readonly #onCall: () => void
  #alive = true
  #calls = 0
  #death: Death | undefined

  constructor(
    identity: ProcessIdentity,
    listeners: { onEnd: (process: SimulatedProcess) => void; onCall: () => void },
  ) {
    this.identity = identity
    this.died = this.#dead.promise
    this.#onEnd = listeners.onEnd
    this.#onCall = listeners.onCall
  }

  get alive(): boolean {
    return this.#alive
  }

  /** It will die `call` calls of ports from now. */
  dieAt({ call, when }: Death): void {
    this.#death = { call: this.#calls + call, when }
  }

  kill(): void {
    if (!this.#alive) return
    this.#alive = false
    this.#onEnd(this)
    this.#dead.resolve('died')
  }

  /** The good end: it is gone, and nobody waits for its death. */
  exit(): void {
    this.#alive = false
    this.#onEnd(this)
  }

  /** The port as this process has it. */
  guard<T extends object>(port: T): T {
    return wrapPort(port, (work) => (this.#alive ? this.#call(work) : never()), PURE)
  }

  /** Something may happen just before the work of a call, and just before its answer. */
  #call(work: () => unknown): Promise<unknown> {
    this.#onCall()
    if (!this.#alive) return never()
    this.#calls += 1
    const dies = this.#death?.call === this.#calls ? this.#death.when : undefined
    if (dies === 'before') this.kill()
    if (!this.#alive) return never()
    return Promise.resolve(this.#begin(work)).then(
      (result) => (this.#answers(dies) ? this.#guardResult(result) : never()),
      (thrown) => {
        if (this.#answers(dies)) throw thrown
        return never()
      },
    )
  }

  #begin(work: () => unknown): unknown {
    caller = this
    try {
      return work()
    } finally {
      caller = undefined
    }
  }

  /** True when it lives to see the answer. */
  #answers(dies: Death['when'] | undefined): boolean {
    if (dies === 'after') this.kill()
    if (this.#alive) this.#onCall()
    return this.#alive
  }

  /** Open files and shells are ports too: what can be closed. */
  #guardResult(result: unknown): unknown {
    return typeof result === 'object' && result !== null && 'close' in result ? this.guard(result) : result
  }
}

/** Functions that are no calls: they are answered at once. */
const PURE: ReadonlySet<string | symbol> = new Set([
  'byHand',
  'reach',
  'whereabouts',
  'now',
  'monotonic',
  'deadline',
  'watch',
])
