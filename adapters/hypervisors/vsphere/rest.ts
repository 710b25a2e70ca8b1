import { StillshotError } from '../../../src/errors.ts'
import type { Clock } from '../../../src/system/clock.ts'
import type { WireAnswer } from '../../https/connection.ts'
import { type Endpoint, NotReached } from '../../https/endpoint.ts'
import type { Login } from './session.ts'
import { field, list, text } from './values.ts'
import type { Errand } from './vim.ts'

const BASE = '/rest'
const SESSION = '/com/vmware/cis/session'
const EXCHANGE_LIMIT_MS = 30_000
/** How long ending a session may hold up its errand. */
const END_LIMIT_MS = 2_000

/** Questions within one session; nothing here changes anything. */
export interface RestSession {
  /** What stands in `value`. */
  ask(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown>
}

/** The REST API of vCenter, for what its SOAP API lacks: same address, same user, sessions of its own. */
export class Rest {
  readonly #endpoint: Endpoint
  readonly #login: Login
  readonly #clock: Clock
  readonly #assertSame: (errand: Errand) => Promise<void>

  /** `assertSame`: rejects where another server answers than the one that is meant; asked before each login. */
  constructor(endpoint: Endpoint, login: Login, clock: Clock, assertSame: (errand: Errand) => Promise<void>) {
    this.#endpoint = endpoint
    this.#login = login
    this.#clock = clock
    this.#assertSame = assertSame
  }

  /** Logs in, does the work, logs out. */
  async session<Answer>(errand: Errand, work: (session: RestSession) => Promise<Answer>): Promise<Answer> {
    const { username, password } = this.#login
    await this.#assertSame(errand)
    const basic = Buffer.from(`${username}:${await password()}`).toString('base64')
    const opening = { path: SESSION, headers: { authorization: `Basic ${basic}` } }
    const id = await this.#send(
      { method: 'POST', ...opening },
      { ...errand, doing: `${errand.doing}: log in as ${username}` },
    )
    if (typeof id !== 'string' || id === '') throw refusal(200, 'no session', errand, this.#endpoint)
    const headers = { 'vmware-api-session-id': id }
    try {
      return await work({ ask: (method, path, body) => this.#send({ method, path, headers, body }, errand) })
    } finally {
      await this.#end(headers)
    }
  }

  /** A session that stays is ended by the server after a while; nobody can do more about it here. */
  async #end(headers: Readonly<Record<string, string>>): Promise<void> {
    using limit = this.#clock.deadline(END_LIMIT_MS)
    const call = { signal: limit.signal, changeSent: false }
    await this.#send({ method: 'DELETE', path: SESSION, headers }, { call, doing: 'log out' }).catch(() => {})
  }

  async #send({ method, path, headers, body }: Asked, errand: Errand): Promise<unknown> {
    const json = { 'content-type': 'application/json' }
    const request = {
      method,
      path: `${BASE}${path}`,
      headers: { accept: 'application/json', ...(body === undefined ? {} : json), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      change: false,
    }
    return valueIn(await this.#exchange(request, errand), errand, this.#endpoint)
  }

  /** A question whose connection breaks is asked once more. */
  async #exchange(request: Parameters<Endpoint['send']>[0], { call, doing }: Errand): Promise<WireAnswer> {
    using limit = this.#clock.deadline(EXCHANGE_LIMIT_MS, call.signal)
    for (let turn = 1; ; turn += 1) {
      try {
        return await this.#endpoint.send(request, limit.signal)
      } catch (error) {
        call.signal.throwIfAborted()
        if (error instanceof NotReached)
          throw new StillshotError(error.why.code, `${doing}: ${error.why.message}`, error.why)
        if (turn === 1 && !limit.signal.aborted) continue
        const why = error instanceof Error ? error.message : String(error)
        const message = `${doing}: no answer of ${this.#endpoint.url.host}: ${why}`
        throw new StillshotError('hypervisor-unreachable', message, { cause: error })
      }
    }
  }
}

/** What was asked for is not there, or not any more. */
export function isMissing(error: unknown): boolean {
  return error instanceof StillshotError && error.details.status === 404
}

interface Asked {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: object | undefined
}

function valueIn({ status, text: body }: WireAnswer, errand: Errand, endpoint: Endpoint): unknown {
  const answer = parsed(body)
  if (status === 200 && (body === '' || answer !== undefined)) return field(answer, 'value')
  throw refusal(status, sentenceOf(answer), errand, endpoint)
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** The server's own words, where it has any. */
function sentenceOf(answer: unknown): string {
  const messages = list(field(answer, 'value', 'messages')).map((each) => text(field(each, 'default_message')))
  return messages.filter((message) => message !== '').join('; ')
}

function refusal(status: number, sentence: string, { doing }: Errand, { url }: Endpoint): StillshotError {
  const words = sentence === '' ? '' : `: ${sentence}`
  const message = `${doing}: ${url.host} answered with status ${status}${words}`
  const details = { status }
  if ([502, 503, 504].includes(status)) return new StillshotError('hypervisor-unreachable', message)
  if (status === 401) {
    return new StillshotError('hypervisor-refused', message, {
      details,
      hint: 'the user must be one of vCenter’s single sign-on, written as user@domain, and its password the right one',
    })
  }
  return new StillshotError('hypervisor-refused', message, {
    details,
    hint: 'tags are read through the REST API at /rest of the same address: it must be there, and the user may read tags',
  })
}
