import { StillshotError } from '../../../src/errors.ts'
import type { Clock } from '../../../src/system/clock.ts'
import type { Call } from '../../https/call.ts'
import { VimFault } from './faults.ts'
import { changes, type Operation } from './operations.ts'
import { field, type Ref, ref, text, type Value } from './values.ts'
import type { Errand, Fields, Vim } from './vim.ts'
import { answerError } from './vsphere-errors.ts'

export interface Login {
  readonly username: string
  /** Fetches the secret, at each login. */
  readonly password: () => Promise<string>
}

/** What a server says of itself when a session begins. */
export interface Opened {
  /** The session's own name, by which privileges are asked for. */
  readonly key: string
  readonly product: string
  readonly version: string
  readonly apiVersion: string
  /** `VirtualCenter`, or `HostAgent` for a single ESXi host. */
  readonly apiType: string
  /** The managers and the like: `rootFolder`, `propertyCollector`. */
  manager(name: string): Ref
}

/** A login that is under way or done, and for whom. */
interface Opening {
  readonly done: Promise<Opened>
  readonly by: Call
}

const SERVICE: Ref = { type: 'ServiceInstance', value: 'ServiceInstance' }

/** How long a logout may hold up the end of a program. */
const LOGOUT_LIMIT_MS = 2_000

/** A session that is opened at first use, opened anew once when the server has forgotten it, and logged out at the end. */
export class Session {
  readonly #vim: Vim
  readonly #login: Login
  readonly #clock: Clock
  #opening: Opening | undefined
  #closed = false

  constructor(vim: Vim, login: Login, clock: Clock) {
    this.#vim = vim
    this.#login = login
    this.#clock = clock
  }

  /** One login for all who ask meanwhile. When the one who began it gives up, the next begins anew. */
  async open(errand: Errand): Promise<Opened> {
    const { call } = errand
    for (;;) {
      call.signal.throwIfAborted()
      // What is still under way in the background must not log in again behind a logout.
      if (this.#closed) throw new StillshotError('cancelled', `${errand.doing}: the session was closed`)
      this.#opening ??= { done: this.#logIn(errand), by: call }
      const opening = this.#opening
      try {
        return await unlessAborted(opening.done, call.signal)
      } catch (error) {
        const isOurs = opening.by === call
        if (isOurs || !opening.by.signal.aborted) {
          this.#drop(opening)
          throw error
        }
        call.signal.throwIfAborted()
        this.#drop(opening)
      }
    }
  }

  /** Rejects with a StillshotError; its details name the fault, where there was one. */
  async call(operation: Operation, target: Ref | string, fields: Fields, errand: Errand): Promise<Value> {
    const opened = await this.open(errand)
    const opening = this.#opening
    try {
      return await this.#invoke(operation, targetOf(target, opened), fields, errand)
    } catch (error) {
      if (!(error instanceof VimFault)) throw error
      if (error.type !== 'NotAuthenticated') throw this.#told(error, errand)
    }
    // The server refused before it looked at anything, so this is no repetition.
    this.#drop(opening)
    try {
      const again = await this.open(errand)
      return await this.#invoke(operation, targetOf(target, again), fields, errand)
    } catch (error) {
      throw error instanceof VimFault ? this.#told(error, errand) : error
    }
  }

  /** For tidying up in the session as it is: not waited for, and what fails means nothing. */
  mention(operation: Operation, target: Ref, doing: string): void {
    const call: Call = { signal: new AbortController().signal, changeSent: false }
    this.#vim.invoke(operation, target, {}, { call, doing }).catch(() => {})
  }

  /** Logs out if somebody has logged in; there is no session after that. Safe twice. */
  async close(): Promise<void> {
    this.#closed = true
    const opening = this.#opening
    this.#opening = undefined
    using limit = this.#clock.deadline(LOGOUT_LIMIT_MS)
    const opened =
      opening === undefined ? undefined : await unlessAborted(opening.done, limit.signal).catch(() => undefined)
    if (opened !== undefined) {
      const call: Call = { signal: limit.signal, changeSent: false }
      // A session that stays is ended by the server after a while; nobody can do more about it here.
      await this.#vim.invoke('Logout', opened.manager('sessionManager'), {}, { call, doing: 'log out' }).catch(() => {})
      this.#vim.forget()
    }
    this.#vim.disconnect()
  }

  async #invoke(operation: Operation, target: Ref, fields: Fields, errand: Errand): Promise<Value> {
    const { call } = errand
    const before = call.changeSent
    try {
      return await this.#vim.invoke(operation, target, fields, errand)
    } catch (error) {
      // The server said no, so nothing has begun.
      if (error instanceof VimFault && changes(operation)) call.changeSent = before
      throw error
    }
  }

  #drop(opening: Opening | undefined): void {
    if (this.#opening === opening) this.#opening = undefined
  }

  async #logIn({ call }: Errand): Promise<Opened> {
    const { username, password } = this.#login
    const errand = { call, doing: `log in as ${username}` }
    this.#vim.forget()
    try {
      const content = await this.#vim.invoke('RetrieveServiceContent', SERVICE, {}, errand)
      const opened = openedFrom(content)
      const credentials = { userName: username, password: await password() }
      const session = await this.#vim.invoke('Login', opened.manager('sessionManager'), credentials, errand)
      return { ...opened, key: text(field(session, 'key')) }
    } catch (error) {
      throw error instanceof VimFault ? this.#told(error, errand) : error
    }
  }

  #told(fault: VimFault, { doing }: Errand) {
    return answerError(fault, { doing, who: this.#login.username })
  }
}

function targetOf(target: Ref | string, opened: Opened): Ref {
  return typeof target === 'string' ? opened.manager(target) : target
}

function openedFrom(content: Value): Opened {
  const about = field(content, 'about')
  return {
    key: '',
    product: text(field(about, 'name')),
    version: text(field(about, 'version')),
    apiVersion: text(field(about, 'apiVersion')),
    apiType: text(field(about, 'apiType')),
    manager(name) {
      const found = ref(field(content, name))
      if (found === undefined) throw new VimFault('NotSupported', `this server has no ${name}`, undefined)
      return found
    },
  }
}

/** The promise goes on for others; this caller stops waiting for it. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const give = () => reject(signal.reason)
  signal.addEventListener('abort', give)
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', give)
  }
}
