import Client from 'undici/lib/dispatcher/client.js'
import type { Clock } from '../../src/system/clock.ts'
import type { SecureSocket } from './secure-socket.ts'

/** One request as it goes over the wire. */
export interface WireRequest {
  readonly method: string
  /** With query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Undefined for what the server wants without a body. */
  readonly body?: string
  /** Whether it changes something: then an abort waits a moment for the answer. */
  readonly change: boolean
}

export interface WireAnswer {
  readonly status: number
  /** The reason phrase of the status line, where some servers write their message. */
  readonly reason: string
  readonly text: string
  /** What the server asks to be kept, as `Set-Cookie` has it. */
  readonly cookies: readonly string[]
}

/** What the server lets a connection do; a little less than it really does, so that it is never met in closing one. */
export interface ConnectionLimits {
  readonly longestIdleMs: number
  readonly mostRequests: number
}

/** The connection was gone before the request was written. */
export class NotSent extends Error {}

/** How long an aborted change waits for its answer, which tells that it arrived; then the connection is reset. */
const ANSWER_GRACE_MS = 500

const LARGEST_ANSWER = 64 * 1024 ** 2

/** HTTP over one TLS socket, one request at a time; never opens another socket by itself. */
export class Connection {
  readonly #clock: Clock
  readonly #socket: SecureSocket
  readonly #client: Client
  readonly #limits: ConnectionLimits
  #requests = 0
  #usedAt: number
  busy = false

  constructor(origin: string, socket: SecureSocket, clock: Clock, limits: ConnectionLimits) {
    this.#limits = limits
    this.#clock = clock
    this.#socket = socket
    this.#usedAt = clock.monotonic()
    let given = false
    this.#client = new Client(origin, {
      connect: (_options, callback) => {
        if (given || socket.tls.destroyed) return callback(new NotSent('the connection was closed'), null)
        given = true
        callback(null, socket.tls)
      },
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: limits.longestIdleMs,
      keepAliveMaxTimeout: limits.longestIdleMs,
      maxResponseSize: LARGEST_ANSWER,
    })
  }

  /** Whether the server may be expected to take another request on it. */
  get usable(): boolean {
    const idleMs = this.#clock.monotonic() - this.#usedAt
    const { longestIdleMs, mostRequests } = this.#limits
    return !this.#socket.tls.destroyed && this.#requests < mostRequests && idleMs < longestIdleMs
  }

  get usedAt(): number {
    return this.#usedAt
  }

  /**
   * Rejects with {@link NotSent}, with the signal's reason, or with the failure of the connection after the request had been
   * written.
   */
  async exchange(request: WireRequest, signal: AbortSignal): Promise<WireAnswer> {
    signal.throwIfAborted()
    this.#requests += 1
    const answer = this.#dispatch(request)
    const settled = new AbortController()
    const cut = () => void this.#cut(request, signal, settled.signal)
    signal.addEventListener('abort', cut)
    try {
      return await answer
    } catch (error) {
      if (!(error instanceof NotSent)) signal.throwIfAborted()
      throw error
    } finally {
      settled.abort()
      signal.removeEventListener('abort', cut)
      this.#usedAt = this.#clock.monotonic()
    }
  }

  /** Resets the connection when nobody waits any more. */
  async #cut({ change }: WireRequest, { reason }: AbortSignal, settled: AbortSignal): Promise<void> {
    if (change) await this.#clock.sleep(ANSWER_GRACE_MS, settled).catch(() => {})
    if (settled.aborted) return
    this.#socket.reset()
    await this.#client.destroy(reason instanceof Error ? reason : null).catch(() => {})
  }

  #dispatch({ method, path, headers, body }: WireRequest): Promise<WireAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<WireAnswer>()
    const chunks: Buffer[] = []
    let status = 0
    let reason = ''
    let cookies: readonly string[] = []
    this.#client.dispatch(
      { method: method as 'GET', path, headers, ...(body === undefined ? {} : { body }) },
      {
        onConnect() {},
        onHeaders(code, headers, _resume, statusText) {
          cookies = cookiesIn(headers)
          status = code
          reason = statusText
          return true
        },
        onData(chunk) {
          chunks.push(chunk)
          return true
        },
        onComplete() {
          resolve({ status, reason, text: Buffer.concat(chunks).toString('utf8'), cookies })
        },
        onError: reject,
      },
    )
    return promise
  }

  /** Safe twice. */
  close(): void {
    this.#socket.tls.destroy()
    void this.#client.destroy().catch(() => {})
  }
}

/** Names and values of headers take turns, as bytes. */
function cookiesIn(headers: readonly Buffer[]): readonly string[] {
  const texts = headers.map((bytes) => bytes.toString('latin1'))
  return texts.filter((_, index) => index % 2 === 1 && texts[index - 1]?.toLowerCase() === 'set-cookie')
}
