import type {
  CommandResult,
  GuestShell,
  RunOptions,
  StreamOptions,
  StreamResult,
} from '../../../src/guest/guest-shell.ts'
import { callLimit } from '../../../src/system/call-limit.ts'
import type { Clock } from '../../../src/system/clock.ts'
import type { Session } from './handshake.ts'
import { quoteCommand } from './quoting.ts'
import { runCommand } from './run-command.ts'
import { streamCommand } from './stream-command.ts'

const MAX_OUTPUT_BYTES = 4 * 1024 * 1024

/** A guest that is there ends the connection at once; one that is not gets no more time than this. */
const CLOSE_MS = 1_000

/** A connection that is logged in. Commands may run side by side, each in its own channel. */
export class SshShell implements GuestShell {
  readonly hostKeyFingerprint: string
  readonly #session: Session
  readonly #clock: Clock
  readonly #guest: string
  readonly #ended: Promise<void>
  #open = true
  #fault: Error | undefined

  constructor(session: Session, settings: { clock: Clock; guest: string }) {
    const { client, socket, hostKey } = session
    this.#session = session
    this.#clock = settings.clock
    this.#guest = settings.guest
    this.hostKeyFingerprint = hostKey.fingerprint
    client.setMaxListeners(0)
    client.on('error', (fault) => {
      this.#fault ??= fault
      socket.destroy()
    })
    client.on('end', () => {
      this.#open = false
    })
    this.#ended = new Promise((resolve) => {
      client.once('close', () => {
        this.#open = false
        resolve()
      })
    })
  }

  get open(): boolean {
    return this.#open
  }

  async run(argv: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    const line = quoteCommand(argv)
    using limit = callLimit(this.#clock, options)
    limit.signal.throwIfAborted()
    return await runCommand(this.#session, {
      guest: this.#guest,
      name: argv[0] ?? '',
      line,
      stdin: options.stdin ?? '',
      maxOutputBytes: options.maxOutputBytes ?? MAX_OUTPUT_BYTES,
      onSent: options.onSent ?? (() => {}),
      signal: limit.signal,
      lastFault: () => this.#fault,
    })
  }

  async stream(argv: readonly string[], options: StreamOptions): Promise<StreamResult> {
    const line = quoteCommand(argv)
    using limit = callLimit(this.#clock, options)
    limit.signal.throwIfAborted()
    return await streamCommand(this.#session, {
      guest: this.#guest,
      name: argv[0] ?? '',
      line,
      input: options.input,
      keepInputOpen: options.keepInputOpen ?? false,
      output: options.output,
      signal: limit.signal,
      lastFault: () => this.#fault,
    })
  }

  async close(): Promise<void> {
    this.#open = false
    this.#session.client.end()
    const timer = setTimeout(() => this.#session.socket.destroy(), CLOSE_MS)
    await this.#ended
    clearTimeout(timer)
  }
}
