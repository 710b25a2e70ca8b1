import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { NativeGuest } from '../../labs/container/native-guest.ts'
import { waitFor } from '../../labs/wait-for.ts'

const LOOK_EVERY_MS = 100

/**
 * The observer of a native guest, which has no console: a process of this machine that appears in the guest and writes to a file
 * out here, whatever becomes of the guest's network and disks. It dies with each boot and is there in the next one.
 */
export class ObserverInside {
  readonly #guest: NativeGuest
  readonly #path: string
  #child: ChildProcess | undefined
  #timer: NodeJS.Timeout | undefined
  #running = false

  constructor(guest: NativeGuest, path: string) {
    this.#guest = guest
    this.#path = path
  }

  /** The file. Safe twice. */
  async start(): Promise<string> {
    closeSync(openSync(this.#path, 'a'))
    if (!this.#running) {
      this.#running = true
      await this.#look()
    }
    return this.#path
  }

  stop(): void {
    this.#running = false
    clearTimeout(this.#timer)
    this.#child?.kill('SIGKILL')
  }

  /**
   * Resolves when the observer has said that no server is there, and after a second whatever it says. On a guest as fast as this machine
   * the point in time follows a stop within the time that such a word takes on a busy machine.
   */
  async saysGone(): Promise<void> {
    if (!this.#running) return
    const isGone = async () => {
      const said = (await readFile(this.#path, 'latin1')).trimEnd().split('\n').at(-1) ?? ''
      return /^observer \w+ \d+ gone\s*$/.test(said) || undefined
    }
    await waitFor(isGone, { what: 'the word that the server is gone', timeoutMs: 1_000, everyMs: 10 }).catch(() => {})
  }

  async #look(): Promise<void> {
    const pid = this.#child === undefined ? await this.#guest.pid().catch(() => undefined) : undefined
    if (pid !== undefined && this.#running) this.#enter(pid)
    if (this.#running) this.#timer = setTimeout(() => void this.#look(), LOOK_EVERY_MS)
  }

  #enter(pid: number): void {
    const file = openSync(this.#path, 'a')
    const program = ['/usr/local/sbin/lab-observer', '/run/mysqld/mysqld.sock', '/root/canary', '-']
    const child = spawn('nsenter', ['--target', String(pid), '--all', '--root', '--wd', ...program], {
      stdio: ['ignore', file, 'ignore'],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    })
    closeSync(file)
    this.#child = child
    const gone = () => {
      this.#child = undefined
    }
    child.once('error', gone)
    child.once('close', gone)
  }
}
