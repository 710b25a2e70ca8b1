import { StillshotError } from '../../../src/errors.ts'
import type { Clock } from '../../../src/system/clock.ts'

/** How the API is entered. The functions fetch the secret; a token is the whole `user@realm!name=uuid`. */
export type Login =
  | { readonly kind: 'token'; readonly token: () => Promise<string> }
  | { readonly kind: 'password'; readonly username: string; readonly password: () => Promise<string> }

/** What POST /access/ticket gives. */
export interface Ticket {
  readonly ticket: string
  readonly CSRFPreventionToken?: string
  /** Set when a second factor is still asked for. */
  readonly NeedTFA?: number | boolean
}

export type AskForTicket = (parameters: { username: string; password: string }) => Promise<Ticket>

/** Half of the two hours that a ticket lives. */
const RENEW_AFTER_MS = 3_600_000

const TOKEN = /^[^\s:/!]+@[A-Za-z][\w.-]*![A-Za-z][\w.-]*=[0-9a-fA-F-]{36}$/

/** The headers that prove who asks; renewed in time. */
export class Credentials {
  readonly #login: Login
  readonly #clock: Clock
  #token: Promise<string> | undefined
  #ticket: { readonly got: Promise<Ticket>; readonly at: number } | undefined

  constructor(login: Login, clock: Clock) {
    this.#login = login
    this.#clock = clock
  }

  /** For messages: who, without the secret; undefined before the first use of a token. */
  who = 'the credentials'

  async headers(method: string, ask: AskForTicket): Promise<Readonly<Record<string, string>>> {
    if (this.#login.kind === 'token') {
      this.#token ??= readToken(this.#login.token)
      const token = await this.#token
      this.who = `the token ${token.slice(0, token.indexOf('='))}`
      return { authorization: `PVEAPIToken=${token.replaceAll('%', '%25')}` }
    }
    const { ticket, CSRFPreventionToken = '' } = await this.#freshTicket(this.#login, ask)
    const cookie = { cookie: `PVEAuthCookie=${encodeURIComponent(ticket)}` }
    return method === 'GET' ? cookie : { ...cookie, csrfpreventiontoken: CSRFPreventionToken }
  }

  /** Fetches the secret anew at the next use. True when that may help: the ticket may only have been too old. */
  forget(): boolean {
    const mayHelp = this.#ticket !== undefined
    this.#token = undefined
    this.#ticket = undefined
    return mayHelp
  }

  async #freshTicket(login: Login & { kind: 'password' }, ask: AskForTicket): Promise<Ticket> {
    this.who = login.username
    const now = this.#clock.monotonic()
    const last = this.#ticket
    if (last !== undefined && now - last.at < RENEW_AFTER_MS) return last.got
    const got = last === undefined ? logIn(login, ask) : renew(login, last.got, ask)
    this.#ticket = { got, at: now }
    got.catch(() => {
      this.#ticket = undefined
    })
    return got
  }
}

async function readToken(fetch: () => Promise<string>): Promise<string> {
  const token = (await fetch()).trim()
  if (TOKEN.test(token)) return token
  throw new StillshotError('secret-unreadable', 'the API token is not of the form user@realm!name=uuid', {
    hint: 'write the whole token: `full-tokenid`, an equals sign, and `value`, as `pveum user token add` prints them',
  })
}

async function logIn({ username, password }: Login & { kind: 'password' }, ask: AskForTicket): Promise<Ticket> {
  const ticket = await ask({ username, password: await password() })
  if (ticket.NeedTFA) {
    throw new StillshotError('hypervisor-refused', `${username} needs a second factor`, {
      hint: 'use an API token: `pveum user token add`',
    })
  }
  return ticket
}

/** A ticket is accepted in place of the password while it is valid. */
async function renew(login: Login & { kind: 'password' }, last: Promise<Ticket>, ask: AskForTicket): Promise<Ticket> {
  try {
    return await ask({ username: login.username, password: (await last).ticket })
  } catch {
    return logIn(login, ask)
  }
}
