import { StillshotError } from '../../../src/errors.ts'
import type { Clock } from '../../../src/system/clock.ts'
import { NotSent, type WireAnswer } from '../../https/connection.ts'
import { type Endpoint, NotReached } from '../../https/endpoint.ts'
import type { Errand } from './vim.ts'

/** Longer than the longest time for which an answer is held back on purpose (tasks.ts). */
const EXCHANGE_LIMIT_MS = 60_000

/** What the server's front answers when the service behind it was not reached, and when it was lost under the request. */
const NOT_ARRIVED = [503]
const LOST = [502, 504]

/** One envelope as `soap` has written it. */
export interface Envelope {
  readonly xml: string
  readonly headers: Readonly<Record<string, string>>
  readonly change: boolean
}

/**
 * The way of an envelope to the server and back, with the session's cookie. A question whose connection breaks is asked
 * once more; a change never is.
 */
export class VimHttp {
  readonly #endpoint: Endpoint
  readonly #clock: Clock
  #cookie: string | undefined

  constructor(endpoint: Endpoint, clock: Clock) {
    this.#endpoint = endpoint
    this.#clock = clock
  }

  get host(): string {
    return this.#endpoint.url.host
  }

  get address(): string {
    return this.#endpoint.url.href
  }

  /** The text of a SOAP envelope, that of a fault included. */
  async post(envelope: Envelope, errand: Errand): Promise<string> {
    const answer = await this.#send(envelope, errand)
    const session = answer.cookies.map((cookie) => cookie.split(';', 1)[0] ?? '').filter((cookie) => cookie !== '')
    if (session.length > 0) this.#cookie = session.join('; ')
    if (/<[\w-]*:?Envelope[\s>]/.test(answer.text.slice(0, 2000))) return answer.text
    throw strangeAnswer(answer, envelope, { host: this.host, doing: errand.doing })
  }

  forget(): void {
    this.#cookie = undefined
  }

  close(): void {
    this.#endpoint.close()
  }

  async #send({ xml, headers, change }: Envelope, { call, doing }: Errand): Promise<WireAnswer> {
    const { pathname } = this.#endpoint.url
    const cookie = this.#cookie === undefined ? {} : { cookie: this.#cookie }
    const request = { method: 'POST', path: pathname, headers: { ...headers, ...cookie }, body: xml, change }
    using limit = this.#clock.deadline(EXCHANGE_LIMIT_MS, call.signal)
    for (let turn = 1; ; turn += 1) {
      const before = call.changeSent
      try {
        if (change) call.changeSent = true
        return await this.#endpoint.send(request, limit.signal)
      } catch (error) {
        const notSent = error instanceof NotReached || error instanceof NotSent
        if (notSent) call.changeSent = before
        call.signal.throwIfAborted()
        if (error instanceof NotReached)
          throw new StillshotError(error.why.code, `${doing}: ${error.why.message}`, error.why)
        if (change && !notSent) throw this.#lost('answer-lost', doing, error)
        if (change || turn > 1 || limit.signal.aborted) throw this.#lost('hypervisor-unreachable', doing, error)
      }
    }
  }

  #lost(code: 'answer-lost' | 'hypervisor-unreachable', doing: string, cause: unknown): StillshotError {
    const why = cause instanceof Error ? cause.message : String(cause)
    return new StillshotError(code, `${doing}: no answer of ${this.host}: ${why}`, { cause })
  }
}

/** An answer that is no SOAP: of a service that starts or is away, or of something else at that address. */
function strangeAnswer({ status }: WireAnswer, { change }: Envelope, { host, doing }: { host: string; doing: string }) {
  const message = `${doing}: ${host} answered with status ${status} and not in SOAP`
  if (NOT_ARRIVED.includes(status)) return new StillshotError('hypervisor-unreachable', message)
  if (LOST.includes(status)) return new StillshotError(change ? 'answer-lost' : 'hypervisor-unreachable', message)
  return new StillshotError('hypervisor-refused', message, {
    hint: 'the address must be that of the SOAP API, as https://vcenter.example/sdk, with nothing in between that changes answers',
  })
}
