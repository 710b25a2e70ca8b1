import { StillshotError } from '../../../src/errors.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { errorWords, libvirtError, soughtInVain } from './libvirt-errors.ts'
import { VirshEnded, type VirshOptions, VirshProcess } from './virsh-process.ts'

/** How long virsh may take to connect and to answer a question, when the caller names no limit. */
const READ_LIMIT_MS = 30_000
/** The same for what changes something. */
const CHANGE_LIMIT_MS = 300_000

export interface Request extends CallOptions {
  /** Names the act and its object in errors: `take snapshot s1 of db1`. */
  readonly doing: string
  /** True when virsh is asked to change something: an answer that does not come is then `answer-lost`. */
  readonly change?: boolean
}

/**
 * Commands to one held-open virsh, one after the other. An abort or a time-out ends the process, and the next command
 * opens a new one; libvirt itself may go on with what it was told, so a change that had been sent is `answer-lost`.
 */
export class VirshSession {
  readonly #options: VirshOptions
  #process: VirshProcess | undefined
  #queue: Promise<unknown> = Promise.resolve()

  constructor(options: VirshOptions) {
    this.#options = options
  }

  /** One round trip; gives the output of each command. Rejects with the first failure of them; later ones have then run, too. */
  async run(commands: readonly (readonly string[])[], request: Request): Promise<readonly string[]> {
    if (request.signal?.aborted) throw cancelled(request, request.signal)
    let waiting = true
    const result = this.#queue.then(() => {
      waiting = false
      return this.#run(commands, request)
    })
    this.#queue = result.catch(() => {})
    return orLeaveQueue(result, request, () => waiting)
  }

  /** Safe twice. */
  close(): void {
    this.#process?.kill()
    this.#process = undefined
  }

  async #run(commands: readonly (readonly string[])[], request: Request): Promise<readonly string[]> {
    if (request.signal?.aborted) throw cancelled(request, request.signal)
    const process = await this.#open(request)
    const exchange = await this.#exchange(process, commands, request, request.change ?? false)
    // What follows the first failure is its echo; only a lost connection says more about all of them.
    const failures = exchange.complaints.map(errorWords).filter((words) => words !== '')
    const [first] = failures
    if (first === undefined) return exchange.outputs
    const vm = soughtInVain(first)
    if (vm !== undefined) await this.#lookAgain(process, vm, request)
    throw libvirtError(request.doing, first, request.change ?? false, failures.join(': '))
  }

  /**
   * A connection that breaks in the middle of a look-up is told of as if the VM were not there. Resolves when it is not, and
   * rejects with `hypervisor-unreachable` otherwise: nothing has been done to it.
   */
  async #lookAgain(process: VirshProcess, vm: string, request: Request): Promise<void> {
    const { complaints } = await this.#exchange(process, [['domstate', vm]], request, false)
    const words = complaints.map(errorWords).find((text) => text !== '')
    if (words !== undefined && soughtInVain(words) === vm) return
    const why = words ?? `the connection was lost while ${vm} was looked for`
    throw new StillshotError('hypervisor-unreachable', `${request.doing}: ${why}`, { details: { words: why } })
  }

  /** Connects with an exchange of its own: what fails here has changed nothing for certain. */
  async #open(request: Request): Promise<VirshProcess> {
    if (this.#process !== undefined && !this.#process.ended) return this.#process
    const process = new VirshProcess(this.#options)
    this.#process = process
    await this.#exchange(process, [], request, false)
    return process
  }

  async #exchange(process: VirshProcess, commands: readonly (readonly string[])[], request: Request, change: boolean) {
    const { signal } = request
    const limitMs = request.timeoutMs ?? (request.change ? CHANGE_LIMIT_MS : READ_LIMIT_MS)
    let late = false
    const timer = setTimeout(() => {
      late = true
      process.kill()
    }, limitMs)
    const abort = () => process.kill()
    signal?.addEventListener('abort', abort)
    try {
      return await process.exchange(commands)
    } catch (error) {
      if (!(error instanceof VirshEnded)) throw error
      this.#process = undefined
      throw unanswered(request, change, late ? `no answer after ${limitMs} ms` : errorWords(error.stderr))
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  }
}

/** An abort is answered at once while the commands still wait for others; nothing of them is sent then. */
async function orLeaveQueue<Answer>(
  result: Promise<Answer>,
  request: Request,
  isWaiting: () => boolean,
): Promise<Answer> {
  const { signal } = request
  if (signal === undefined) return result
  const { promise, reject } = Promise.withResolvers<never>()
  const leave = () => {
    if (isWaiting()) reject(cancelled(request, signal))
  }
  signal.addEventListener('abort', leave)
  try {
    return await Promise.race([result, promise])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}

function unanswered(request: Request, change: boolean, words: string): StillshotError {
  const why = request.signal?.aborted ? endOf(request.signal) : words === '' ? 'virsh ended' : words
  if (change) return new StillshotError('answer-lost', `${request.doing}: ${why}`)
  if (request.signal?.aborted) return cancelled(request, request.signal)
  return new StillshotError('hypervisor-unreachable', `${request.doing}: ${why}`, { details: { words } })
}

function endOf(signal: AbortSignal): string {
  return signal.reason instanceof StillshotError ? signal.reason.message : 'cancelled'
}

function cancelled(request: Request, signal: AbortSignal): StillshotError {
  return signal.reason instanceof StillshotError
    ? signal.reason
    : new StillshotError('cancelled', `${request.doing}: cancelled`, { cause: signal.reason })
}
