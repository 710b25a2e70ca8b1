import type { AgentAnswer } from './machine.ts'

/** What a program that the agent runs is given, and how it ends. */
export interface Started {
  readonly argv: readonly string[]
  readonly stdin: string
}
export interface Ended {
  readonly exitcode?: number
  readonly signal?: number
  readonly out?: string
  readonly err?: string
  readonly truncated?: boolean
}

interface Asked {
  readonly path?: string
  readonly arg?: readonly string[]
  readonly 'input-data'?: string
  readonly pid?: number
}

const encoded = (text: string) => Buffer.from(text).toString('base64')

/** Programs in a guest that is nothing but its state; a test says what they do. */
export class MemoryPrograms {
  /** Rejects never: a program that does not end is one that is asked for in vain. */
  run: (started: Started) => Promise<Ended> = async () => ({ exitcode: 0 })
  readonly #ended = new Map<number, Ended | undefined>()

  /** `guest-exec` and `guest-exec-status`, as qemu-guest-agent answers them. */
  ask(command: string, { path = '', arg = [], 'input-data': input = '', pid = 0 }: Asked): AgentAnswer {
    if (command === 'guest-exec') {
      const number = 1000 + this.#ended.size
      this.#ended.set(number, undefined)
      const started = { argv: [path, ...arg], stdin: Buffer.from(input, 'base64').toString() }
      this.run(started).then((ended) => this.#ended.set(number, ended))
      return { pid: number }
    }
    if (!this.#ended.has(pid)) return { error: { class: 'GenericError', desc: `Invalid parameter 'pid'` } }
    const ended = this.#ended.get(pid)
    if (ended === undefined) return { exited: false }
    const { exitcode, signal, out, err, truncated } = ended
    return {
      exited: true,
      ...(exitcode === undefined ? {} : { exitcode }),
      ...(signal === undefined ? {} : { signal }),
      ...(out === undefined ? {} : { 'out-data': encoded(out) }),
      ...(err === undefined ? {} : { 'err-data': encoded(err) }),
      ...(truncated ? { 'out-truncated': true } : {}),
    }
  }
}
