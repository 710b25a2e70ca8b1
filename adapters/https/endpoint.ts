import { StillshotError } from '../../src/errors.ts'
import type { Clock } from '../../src/system/clock.ts'
import { Connection, type ConnectionLimits, NotSent, type WireAnswer, type WireRequest } from './connection.ts'
import { openSecureSocket, type Trust } from './secure-socket.ts'

/** How long a node may take to accept a connection before the next one is tried. */
const CONNECT_LIMIT_MS = 5_000

/** More than this at once would only queue up on the node. */
const MOST_CONNECTIONS = 6

/** Nothing of the request has left: another endpoint may be asked without a doubt. */
export class NotReached extends Error {
  readonly why: StillshotError
  constructor(why: StillshotError) {
    super(why.message, { cause: why })
    this.why = why
  }
}

export interface EndpointOptions {
  readonly url: string
  readonly trust: () => Promise<Trust>
  readonly limits: ConnectionLimits
  readonly clock: Clock
}

/** One address of the API and the connections to it, which are held open while they are used. */
export class Endpoint {
  readonly url: URL
  readonly #options: EndpointOptions
  #connections: Connection[] = []
  readonly #waiting = new Set<() => void>()
  #taken = 0
  #closing = new AbortController()

  constructor(options: EndpointOptions) {
    this.url = new URL(options.url)
    this.#options = options
  }

  /** Rejects with {@link NotReached}, the signal's reason, or what broke the connection under the request. */
  async send(request: WireRequest, signal: AbortSignal): Promise<WireAnswer> {
    await this.#takeTurn(signal)
    try {
      const kept = this.#freshest()
      if (kept !== undefined) {
        const answer = await this.#use(kept, request, signal).catch((error: unknown) => {
          if (!(error instanceof NotSent)) throw error
          return undefined
        })
        if (answer !== undefined) return answer
      }
      return await this.#use(await this.#connect(signal), request, signal)
    } finally {
      this.#giveTurn()
    }
  }

  /** Ends what is under way, too. Safe twice. */
  close(): void {
    this.#closing.abort(new Error('closed'))
    this.#closing = new AbortController()
    for (const connection of this.#connections) connection.close()
    this.#connections = []
  }

  async #takeTurn(signal: AbortSignal): Promise<void> {
    while (this.#taken >= MOST_CONNECTIONS) await this.#nextTurn(signal)
    signal.throwIfAborted()
    this.#taken += 1
  }

  /** Everybody who waits looks again: one of them may have given up in the same moment. */
  #giveTurn(): void {
    this.#taken -= 1
    for (const wake of this.#waiting) wake()
  }

  async #nextTurn(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = () => resolve()
    this.#waiting.add(wake)
    signal.addEventListener('abort', wake)
    await promise
    this.#waiting.delete(wake)
    signal.removeEventListener('abort', wake)
    signal.throwIfAborted()
  }

  #freshest(): Connection | undefined {
    const gone = this.#connections.filter((connection) => !connection.busy && !connection.usable)
    for (const connection of gone) connection.close()
    this.#connections = this.#connections.filter((connection) => !gone.includes(connection))
    const idle = this.#connections.filter((connection) => !connection.busy)
    return idle.toSorted((one, other) => other.usedAt - one.usedAt)[0]
  }

  async #use(connection: Connection, request: WireRequest, signal: AbortSignal): Promise<WireAnswer> {
    connection.busy = true
    try {
      return await connection.exchange(request, signal)
    } finally {
      connection.busy = false
    }
  }

  async #connect(signal: AbortSignal): Promise<Connection> {
    const { clock, trust, limits } = this.#options
    using limit = clock.deadline(CONNECT_LIMIT_MS, signal)
    const either = AbortSignal.any([limit.signal, this.#closing.signal])
    try {
      const socket = await openSecureSocket(this.url, await trust(), either)
      const connection = new Connection(this.url.origin, socket, clock, limits)
      this.#connections.push(connection)
      return connection
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof StillshotError) throw new NotReached(error)
      const message = `${this.url.host}: no connection after ${CONNECT_LIMIT_MS} ms`
      throw new NotReached(new StillshotError('hypervisor-unreachable', message, { cause: error }))
    }
  }
}
