import { Client } from 'undici'
import type { Clock } from '../../../src/system/clock.ts'
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
  /** The reason phrase of the status line, where Proxmox VE writes its message. */
  readonly reason: string
  readonly text: string
}

/** The connection was gone before the request was written. */
export class NotSent extends Error {}

/** The server closes a connection after 5 s without a request, and after 100 requests. */
const LONGEST_IDLE_MS = 4_000
const MOST_REQUESTS = 90

/** How long an aborted change waits for its answer, which tells that it arrived; then the connection is reset. */
const ANSWER_GRACE_MS = 500

const LARGEST_ANSWER = 64 * 1024 ** 2

/** HTTP over one TLS socket, one request at a time; never opens another socket by itself. */
export class Connection {
  readonly #clock: Clock
  readonly #socket: SecureSocket
  readonly #client: Client
  #requests = 0
  #usedAt: number
  busy = false

  constructor(origin: string, socket: SecureSocket, clock: Clock) {
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
      keepAliveTimeout: LONGEST_IDLE_MS,
      keepAliveMaxTimeout: LONGEST_IDLE_MS,
      maxResponseSize: LARGEST_ANSWER,
    })
  }

  /** Whether the server may be expected to take another request on it. */
  get usable(): boolean {
    const idleMs = this.#clock.monotonic() - this.#usedAt
    return !this.#socket.tls.destroyed && this.#requests < MOST_REQUESTS && idleMs < LONGEST_IDLE_MS
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
    this.#client.dispatch(
      { method: method as 'GET', path, headers, ...(body === undefined ? {} : { body }) },
      {
        onConnect() {},
        onHeaders(code, _headers, _resume, statusText) {
          status = code
          reason = statusText
          return true
        },
        onData(chunk) {
          chunks.push(chunk)
          return true
        },
        onComplete() {
          resolve({ status, reason, text: Buffer.concat(chunks).toString('utf8') })
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
