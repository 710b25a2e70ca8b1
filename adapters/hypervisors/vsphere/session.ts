import { StillshotError } from '../../../src/errors.ts'
import type { ServerIdentity } from '../../../src/hypervisor/known-server.ts'
import type { Clock } from '../../../src/system/clock.ts'
import type { Call } from '../../https/call.ts'
import { VimFault } from './faults.ts'
import { changes, type Operation } from './operations.ts'
import { identityIn, type ServerGuard } from './server-guard.ts'
import { asValue, field, list, type Ref, ref, text, type Value } from './values.ts'
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
  /** False for an ESXi host by itself. */
  readonly isVcenter: boolean
  /** The managers and the like: `rootFolder`, `propertyCollector`. */
  manager(name: string): Ref
}

/** A login that is under way or done, and for whom. */
interface Opening {
  readonly done: Promise<Opened>
  readonly by: Call
}

/** The one host of an ESXi by itself has this name. */
const HOST: Ref = { type: 'HostSystem', value: 'ha-host' }
const SERVICE: Ref = { type: 'ServiceInstance', value: 'ServiceInstance' }

/** How long a logout may hold up the end of a program. */
const LOGOUT_LIMIT_MS = 2_000

/** A session that is opened at first use, opened anew once when the server has forgotten it, and logged out at the end. */
export class Session {
  readonly #vim: Vim
  readonly #login: Login
  readonly #clock: Clock
  readonly #guard: ServerGuard | undefined
  #opening: Opening | undefined
  #closed = false

  /** Without `guard`, whichever server answers is the right one. */
  constructor(vim: Vim, login: Login, clock: Clock, guard?: ServerGuard) {
    this.#vim = vim
    this.#login = login
    this.#clock = clock
    this.#guard = guard
  }

  /** Who answers, without a login. */
  async identify({ call }: Errand): Promise<ServerIdentity> {
    return identityIn(await this.#content({ call, doing: 'look which server answers' }))
  }

  /** Before a secret goes to the same address by another way. Rejects with `server-changed`. */
  async assertSame(errand: Errand): Promise<void> {
    await this.#guard?.beforeLogin(await this.identify(errand))
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
      const content = await this.#content(errand)
      const opened = openedFrom(content)
      await this.#guard?.beforeLogin(identityIn(content))
      const credentials = { userName: username, password: await password() }
      const session = await this.#vim.invoke('Login', opened.manager('sessionManager'), credentials, errand)
      await this.#assertMet(content, opened, errand)
      return { ...opened, key: text(field(session, 'key')) }
    } catch (error) {
      throw error instanceof VimFault ? this.#told(error, errand) : error
    }
  }

  async #content(errand: Errand): Promise<Value> {
    try {
      return await this.#vim.invoke('RetrieveServiceContent', SERVICE, {}, errand)
    } catch (error) {
      throw error instanceof VimFault ? this.#told(error, errand) : error
    }
  }

  /** Nothing is asked of another server than the one that was met before; it is left again at once. */
  async #assertMet(content: Value, opened: Opened, errand: Errand): Promise<void> {
    if (this.#guard === undefined) return
    try {
      const seen = identityIn(content)
      const { product } = seen
      await this.#guard.afterLogin(opened.isVcenter ? seen : { product, ...(await this.#hostId(opened, errand)) })
    } catch (error) {
      this.mention('Logout', opened.manager('sessionManager'), 'log out')
      throw error
    }
  }

  /** An ESXi host by itself tells who it is only to whom it knows: the UUID of the machine that it runs on. */
  async #hostId(opened: Opened, errand: Errand): Promise<{ id?: string }> {
    const spec = {
      propSet: { type: 'HostSystem', all: false, pathSet: ['hardware.systemInfo.uuid'] },
      objectSet: { obj: asValue(HOST), skip: false },
    }
    const fields = { specSet: spec, options: {} }
    const answer = await this.#invoke(
      'RetrievePropertiesEx',
      opened.manager('propertyCollector'),
      fields,
      errand,
    ).catch((error: unknown) => {
      // Without the role that lets him see the host, the user sees none of this; then its kind is all there is.
      if (error instanceof VimFault) return undefined
      throw error
    })
    const id = list(field(answer, 'objects')).flatMap((each) =>
      list(field(each, 'propSet')).map((one) => text(field(one, 'val'))),
    )[0]
    return id === undefined || id === '' ? {} : { id: id.toLowerCase() }
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
    isVcenter: text(field(about, 'apiType')) === 'VirtualCenter',
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
