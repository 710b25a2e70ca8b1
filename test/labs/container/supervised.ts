import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { waitFor } from '../wait-for.ts'
import { releaseLeft } from './release-left.ts'
import type { Answer, Look, NativeSpec, Order } from './supervisor/words.ts'

const PROGRAM = join(import.meta.dirname, 'supervisor/supervisor.ts')
/** Much less than what the supervisor takes for the end of its runner. */
const BEAT_MS = 5_000
const ORDER_LIMIT_MS = 180_000

/** A supervisor, as its runner has it. */
export class Supervised {
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  readonly #beat: NodeJS.Timeout
  #number = 0

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child
    this.#folder = folder
    child.stdin?.on('error', () => {})
    this.#beat = setInterval(() => child.stdin?.write('\n'), BEAT_MS)
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const answer = JSON.parse(line) as Answer
      this.#waiting.get(answer.number)?.(answer)
      this.#waiting.delete(answer.number)
    })
    child.once('exit', () => {
      clearInterval(this.#beat)
      for (const [number, heard] of this.#waiting) heard({ number, error: 'the supervisor has ended' })
      this.#waiting.clear()
    })
    // A guest that nobody destroyed must not keep its runner from ending: it ends with it.
    for (const handle of [child, child.stdin, child.stdout, this.#beat]) (handle as NodeJS.Timeout | null)?.unref?.()
  }

  static async begin(spec: NativeSpec): Promise<Supervised> {
    const log = openSync(join(spec.folder, 'supervisor.log'), 'a')
    // Its own group of processes: what interrupts the runner is told to that alone.
    const child = spawn(
      'unshare',
      ['--mount', '--propagation', 'private', process.execPath, PROGRAM, JSON.stringify(spec)],
      {
        detached: true,
        stdio: ['pipe', 'pipe', log],
      },
    )
    await writeFile(join(spec.folder, 'supervisor.pid'), `${child.pid}\n`)
    const supervised = new Supervised(child, spec.folder)
    await supervised.look()
    return supervised
  }

  async look(): Promise<Look> {
    return (await this.order({ do: 'look' })) as Look
  }

  async order(order: Order): Promise<unknown> {
    const number = this.#number++
    const { promise, resolve } = Promise.withResolvers<Answer>()
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) throw new Error(await this.#lastWords(order))
    this.#waiting.set(number, resolve)
    this.#child.stdin?.write(`${JSON.stringify({ ...order, number })}\n`)
    const limit = setTimeout(resolve, ORDER_LIMIT_MS, { number, error: `not done in ${ORDER_LIMIT_MS} ms` })
    // What is under way keeps the process going; a guest that only runs does not.
    this.#child.ref()
    const answer = await promise
    clearTimeout(limit)
    if (this.#waiting.size === 0) this.#child.unref()
    if ('error' in answer) throw new Error(`${await this.#lastWords(order)}: ${answer.error}`)
    return answer.value
  }

  /** The guest ends, without a word to it, and everything of it is gone. Safe twice. */
  async end(): Promise<void> {
    clearInterval(this.#beat)
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.ref()
    this.#child.stdin?.end()
    await once(this.#child, 'exit')
  }

  async #lastWords(order: Order): Promise<string> {
    const log = await readFile(join(this.#folder, 'supervisor.log'), 'utf8').catch(() => '')
    return `'${order.do}' for the guest in ${this.#folder} failed; its log ends with:\n${log.slice(-2000).trim()}\n`
  }
}

/** Ends the supervisor that another process left in this folder, or still has, and removes the folder. */
export async function removeNative(folder: string): Promise<void> {
  const pid = Number(await readFile(join(folder, 'supervisor.pid'), 'utf8').catch(() => '0'))
  const isThere = async () => {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    return words.includes(PROGRAM) && words.includes(`"${folder}"`)
  }
  if (pid > 0 && (await isThere())) {
    process.kill(pid, 'SIGKILL')
    const look = async () => ((await isThere()) ? undefined : true)
    await waitFor(look, { what: `the end of supervisor ${pid}`, timeoutMs: 30_000, everyMs: 20 })
  }
  await releaseLeft(folder)
  await rm(folder, { recursive: true, force: true })
}
