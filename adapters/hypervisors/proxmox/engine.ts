import type { ApiRequestable } from 'proxmox-api'
import { StillshotError } from '../../../src/errors.ts'
import type { Clock } from '../../../src/system/clock.ts'
import type { Call } from '../../https/call.ts'
import { NotSent, type WireAnswer, type WireRequest } from '../../https/connection.ts'
import { type Endpoint, NotReached } from '../../https/endpoint.ts'
import type { Credentials, Ticket } from './credentials.ts'
import { answerError, isBrokenPath } from './proxmox-errors.ts'
import { wirePath, wireRequest } from './wire.ts'

/** Longer than the 30 s after which a node itself gives up another one. */
const EXCHANGE_LIMIT_MS = 35_000

const BASE = '/api2/json'

/** What a request is for. */
export interface Errand {
  readonly call: Call
  /** Names the act and its object in errors: `take snapshot s1 of db1`. */
  readonly doing: string
  /** False for a POST that changes nothing, which may then be asked again like a GET. */
  readonly changes?: boolean
}

export interface EngineOptions {
  readonly endpoints: readonly Endpoint[]
  readonly credentials: Credentials
  readonly clock: Clock
}

/**
 * Requests of `proxmox-api`, sent our way. What only asks goes to the next endpoint when one fails; what changes something
 * does so only while nothing of it has left. After that a failure is `answer-lost`, and nothing is ever sent twice.
 */
export class Engine {
  readonly #options: EngineOptions
  /** The one that answered last. */
  #preferred = 0

  constructor(options: EngineOptions) {
    this.#options = options
  }

  for(errand: Errand): ApiRequestable {
    return {
      doRequest: (method, path, _template, parameters) =>
        this.#request({ method: method.toUpperCase(), path: wirePath(path), parameters: parameters ?? {} }, errand),
    }
  }

  /** One small question to the preferred endpoint, so that a connection is open when it matters. */
  async warm(call: Call): Promise<void> {
    await this.for({ call, doing: 'keep a connection open' }).doRequest('get', `${BASE}/version`, '')
  }

  close(): void {
    for (const endpoint of this.#options.endpoints) endpoint.close()
  }

  async #request(asked: Asked, errand: Errand): Promise<unknown> {
    const { credentials } = this.#options
    const change = asked.method !== 'GET' && errand.changes !== false
    let answer = await this.#answer(asked, errand, change)
    // Refused before anything was looked at, so this is no repetition; with a ticket that may only have been too old.
    if (answer.status === 401 && credentials.forget()) answer = await this.#answer(asked, errand, change)
    if (answer.status >= 400) throw answerError(answer, { doing: errand.doing, change, who: credentials.who })
    return dataOf(answer, errand.doing)
  }

  async #answer(asked: Asked, errand: Errand, change: boolean): Promise<WireAnswer> {
    const ask = (parameters: { username: string; password: string }) => this.#ticket(parameters, errand)
    const headers = await this.#options.credentials.headers(asked.method, ask)
    return this.#send(wireRequest({ ...asked, headers, change }), errand)
  }

  async #ticket(parameters: { username: string; password: string }, { call }: Errand): Promise<Ticket> {
    const doing = `log in as ${parameters.username}`
    const request = wireRequest({
      method: 'POST',
      path: `${BASE}/access/ticket`,
      parameters,
      headers: {},
      change: false,
    })
    const answer = await this.#send(request, { call, doing, changes: false })
    if (answer.status >= 400) throw answerError(answer, { doing, change: false, who: parameters.username })
    return dataOf(answer, doing) as Ticket
  }

  async #send(request: WireRequest, errand: Errand): Promise<WireAnswer> {
    const { endpoints } = this.#options
    const failures: StillshotError[] = []
    const first = this.#preferred
    let broken: WireAnswer | undefined
    for (let turn = 0; turn < endpoints.length; turn += 1) {
      const index = (first + turn) % endpoints.length
      const answer = await this.#sendTo(index, request, errand, failures)
      if (answer === undefined) continue
      if (request.change || !isBrokenPath(answer)) {
        this.#preferred = index
        return answer
      }
      broken = answer
    }
    if (broken !== undefined) return broken
    throw unreachable(errand.doing, failures)
  }

  /** Undefined when another endpoint may be asked. */
  async #sendTo(index: number, request: WireRequest, { call, doing }: Errand, failures: StillshotError[]) {
    const { endpoints, clock } = this.#options
    const endpoint = endpoints[index]
    if (endpoint === undefined) return undefined
    using limit = clock.deadline(EXCHANGE_LIMIT_MS, call.signal)
    // A question whose connection broke is asked once more: an idle connection may end just as it is used.
    for (const isLast of request.change ? [true] : [false, true]) {
      const before = call.changeSent
      try {
        if (request.change) call.changeSent = true
        return await endpoint.send(request, limit.signal)
      } catch (error) {
        if (error instanceof NotReached || error instanceof NotSent) {
          call.changeSent = before
          call.signal.throwIfAborted()
          failures.push(error instanceof NotReached ? error.why : lost(doing, endpoint, error, false))
          return undefined
        }
        call.signal.throwIfAborted()
        if (request.change) throw lost(doing, endpoint, error, true)
        if (isLast || limit.signal.aborted) {
          failures.push(lost(doing, endpoint, error, false))
          return undefined
        }
      }
    }
    return undefined
  }
}

interface Asked {
  readonly method: string
  readonly path: string
  readonly parameters: Readonly<Record<string, unknown>>
}

function lost(doing: string, { url }: Endpoint, cause: unknown, change: boolean): StillshotError {
  const why = cause instanceof Error ? cause.message : String(cause)
  const code = change ? 'answer-lost' : 'hypervisor-unreachable'
  return new StillshotError(code, `${doing}: no answer of ${url.host}: ${why}`, { cause })
}

/** One error for all endpoints; one that was refused says more than one that is away. */
function unreachable(doing: string, failures: readonly StillshotError[]): StillshotError {
  const loudest = failures.find(({ code }) => code !== 'hypervisor-unreachable') ?? failures[0]
  if (loudest === undefined) return new StillshotError('hypervisor-unreachable', `${doing}: no endpoint is known`)
  const words = [...new Set(failures.map(({ message }) => message))].join('; ')
  return new StillshotError(loudest.code, `${doing}: ${words}`, { cause: loudest, hint: loudest.hint })
}

function dataOf({ text, status }: WireAnswer, doing: string): unknown {
  try {
    const body = JSON.parse(text) as { data?: unknown }
    if (typeof body === 'object' && body !== null && 'data' in body) return body.data
  } catch {
    // Said below: whatever it is, it is no answer of this API.
  }
  throw new StillshotError('hypervisor-refused', `${doing}: the answer (status ${status}) is not one of Proxmox VE`, {
    hint: 'the address must be that of the API, as https://HOST:8006, with nothing in between that changes answers',
  })
}
