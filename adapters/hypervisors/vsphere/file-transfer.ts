import { StillshotError } from '../../../src/errors.ts'
import type { Clock } from '../../../src/system/clock.ts'
import type { WireAnswer } from '../../https/connection.ts'
import { Endpoint, type EndpointOptions, NotReached } from '../../https/endpoint.ts'
import type { Errand } from './vim.ts'

/** For one file of a few MB at most. */
const EXCHANGE_LIMIT_MS = 60_000

/** More ESXi hosts than a process meets; beyond, the oldest is forgotten. */
const MOST_HOSTS = 16

/**
 * The way of files into and out of a guest: addresses that vSphere names, at vCenter itself or at the ESXi host that runs the VM. Whoever
 * answers there must have a certificate that is trusted like vCenter's own. An address lets in whoever has it, so no message shows it.
 */
export class FileTransfer {
  readonly #home: Endpoint
  readonly #options: Omit<EndpointOptions, 'url'>
  readonly #others = new Map<string, Endpoint>()

  constructor(home: Endpoint, options: Omit<EndpointOptions, 'url'>) {
    this.#home = home
    this.#options = options
  }

  async put(address: string, content: string, errand: Errand): Promise<void> {
    const headers = { 'content-type': 'application/octet-stream' }
    await this.#exchange(address, { method: 'PUT', headers, body: content }, errand)
  }

  async get(address: string, errand: Errand): Promise<string> {
    return (await this.#exchange(address, { method: 'GET', headers: {} }, errand)).text
  }

  /** Safe twice. */
  close(): void {
    for (const each of this.#others.values()) each.close()
    this.#others.clear()
  }

  /** A file is put or read as a whole, so what broke is done once more. */
  async #exchange(
    address: string,
    { method, headers, body }: { method: string; headers: Readonly<Record<string, string>>; body?: string },
    { call, doing }: Errand,
  ): Promise<WireAnswer> {
    const url = this.#read(address, doing)
    const endpoint = this.#endpointOf(url)
    const request = { method, path: `${url.pathname}${url.search}`, headers, change: false }
    using limit = this.#clock.deadline(EXCHANGE_LIMIT_MS, call.signal)
    for (let turn = 1; ; turn += 1) {
      try {
        const answer = await endpoint.send({ ...request, ...(body === undefined ? {} : { body }) }, limit.signal)
        if (answer.status >= 200 && answer.status < 300) return answer
        // Tools that cannot give or take it: a guest that boots empties its folder for temporary files, for one.
        throw new StillshotError(
          'guest-unreachable',
          `${doing}: ${url.host} answered for the guest with status ${answer.status}`,
        )
      } catch (error) {
        call.signal.throwIfAborted()
        if (error instanceof NotReached) throw notReached(error, doing)
        if (error instanceof StillshotError) throw error
        if (turn > 1 || limit.signal.aborted) {
          throw new StillshotError('hypervisor-unreachable', `${doing}: no answer of ${url.host}`)
        }
      }
    }
  }

  get #clock(): Clock {
    return this.#options.clock
  }

  /** `*` stands for whom one talks to. */
  #read(address: string, doing: string): URL {
    const { origin } = this.#home.url
    const whole = address.replace(/^https:\/\/\*(:\d+)?(?=\/)/, origin)
    const url = URL.canParse(whole) ? new URL(whole) : undefined
    if (url?.protocol === 'https:' && url.username === '' && url.password === '') return url
    throw new StillshotError('hypervisor-refused', `${doing}: vSphere named an address for its file that is not https`)
  }

  #endpointOf({ origin }: URL): Endpoint {
    if (origin === this.#home.url.origin) return this.#home
    const known = this.#others.get(origin)
    if (known !== undefined) return known
    const [oldest] = this.#others.keys()
    if (this.#others.size >= MOST_HOSTS && oldest !== undefined) {
      this.#others.get(oldest)?.close()
      this.#others.delete(oldest)
    }
    const made = new Endpoint({ ...this.#options, url: `${origin}/` })
    this.#others.set(origin, made)
    return made
  }
}

function notReached({ why }: NotReached, doing: string): StillshotError {
  return new StillshotError(why.code, `${doing}: ${why.message}`, {
    cause: why,
    hint: 'files of a guest travel by the ESXi host that runs it: it must be reached from here, and its certificate be signed by the authority that `ca` names; a `fingerprint` is vCenter’s alone',
  })
}
