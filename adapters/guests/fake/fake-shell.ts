import { Readable } from 'node:stream'
import { StillshotError } from '../../../src/errors.ts'
import { checkWords } from '../../../src/guest/command-words.ts'
import type {
  CommandResult,
  GuestShell,
  GuestTarget,
  RunOptions,
  StreamOptions,
  StreamResult,
} from '../../../src/guest/guest-shell.ts'
import { callLimit } from '../../../src/system/call-limit.ts'
import type { Clock } from '../../../src/system/clock.ts'

const MAX_OUTPUT_BYTES = 4 * 1024 * 1024

/** What runs in the fake guest: any command, with its standard input, to its result. */
export type GuestProgram = (argv: readonly string[], stdin: string) => CommandResult | Promise<CommandResult>

/** What goes wrong with one command. Nothing that is lost here stops work that the guest has begun. */
export interface RunFault {
  /** The request is this long on its way. A caller that gives up meanwhile does not keep it from arriving. */
  readonly delayMs?: number
  /** `request`: the connection ends and the command never runs. `answer`: it ends after the command's work is done. */
  readonly lose?: 'request' | 'answer'
}

export interface FakeShellSettings {
  readonly clock: Clock
  readonly program: GuestProgram
  readonly target: GuestTarget
  readonly hostKeyFingerprint: string
  readonly takeFault: (argv: readonly string[]) => RunFault | undefined
}

/** A connection to a fake guest. */
export class FakeShell implements GuestShell {
  readonly #settings: FakeShellSettings
  readonly #end = Promise.withResolvers<void>()
  #open = true
  #cut = false

  constructor(settings: FakeShellSettings) {
    this.#settings = settings
  }

  get hostKeyFingerprint(): string {
    return this.#settings.hostKeyFingerprint
  }

  get open(): boolean {
    return this.#open
  }

  async run(argv: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    checkWords(argv)
    using limit = callLimit(this.#settings.clock, options)
    const { signal } = limit
    signal.throwIfAborted()
    if (!this.#open) throw this.#lost(argv, false)
    const { promise, resolve, reject } = Promise.withResolvers<CommandResult>()
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    let answered = false
    this.#end.promise.then(() => {
      if (!answered) reject(this.#lost(argv, true))
    })
    this.#work(argv, options).then(resolve, reject)
    try {
      return await promise
    } finally {
      answered = true
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** In memory: what the program of a fake reads and writes is short. */
  async stream(argv: readonly string[], options: StreamOptions): Promise<StreamResult> {
    const { input, output, keepInputOpen: _, ...call } = options
    const stdin: Uint8Array[] = []
    for await (const chunk of input) stdin.push(chunk)
    const maxOutputBytes = Number.POSITIVE_INFINITY
    const { stdout, ...result } = await this.run(argv, {
      ...call,
      stdin: Buffer.concat(stdin).toString(),
      maxOutputBytes,
    })
    await output(Readable.from([Buffer.from(stdout)]))
    return result
  }

  async close(): Promise<void> {
    this.#open = false
    this.#end.resolve()
  }

  /** The connection ends at once; what runs in the guest goes on, and what has not arrived there never will. */
  cut(): void {
    this.#cut = true
    this.close()
  }

  async #work(argv: readonly string[], options: RunOptions): Promise<CommandResult> {
    const { clock, program, takeFault } = this.#settings
    options.onSent?.()
    const stdin = await options.stdin
    if (stdin !== undefined && !this.#open) throw this.#lost(argv, true)
    const { delayMs, lose } = takeFault(argv) ?? {}
    if (delayMs !== undefined) await clock.sleep(delayMs)
    const result = lose === 'request' || this.#cut ? undefined : await program(argv, stdin ?? '')
    if (result === undefined || lose === 'answer') {
      this.cut()
      throw this.#lost(argv, true)
    }
    this.#checkLength(argv, result, options.maxOutputBytes ?? MAX_OUTPUT_BYTES)
    return result
  }

  #checkLength(argv: readonly string[], { stdout, stderr }: CommandResult, maxBytes: number): void {
    if (Math.max(Buffer.byteLength(stdout), Buffer.byteLength(stderr)) <= maxBytes) return
    const message = `${this.#settings.target.vm}: ${argv[0]} wrote more than ${maxBytes} bytes`
    throw new StillshotError('helper-answer-invalid', message)
  }

  #lost(argv: readonly string[], mayHaveRun: boolean): StillshotError {
    const message = `${this.#settings.target.vm}: the connection ended before ${argv[0]} had answered`
    return new StillshotError('guest-unreachable', message, { details: { mayHaveRun } })
  }
}
