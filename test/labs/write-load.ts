import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GuestUnderTest } from './guest-under-test.ts'
import { waitFor } from './wait-for.ts'

/** One row that the server acknowledged, by the clock of this machine (`performance.now()`). */
export interface Acknowledged {
  readonly id: number
  readonly atMs: number
}

/**
 * A client that commits one row after the other into an InnoDB and a MyISAM table, waits for each acknowledgement, and
 * comes again when the server was away: what an application sees of an outage.
 */
export class WriteLoad {
  readonly #guest: GuestUnderTest
  readonly #acknowledged: Acknowledged[] = []
  #client: ChildProcess | undefined
  #running = true
  #ended: Promise<void>

  private constructor(guest: GuestUnderTest) {
    this.#guest = guest
    this.#ended = this.#run()
  }

  /** Makes the tables anew and resolves when the first rows are acknowledged. */
  static async start(guest: GuestUnderTest): Promise<WriteLoad> {
    await guest.sql(`DROP DATABASE IF EXISTS shop; CREATE DATABASE shop;
      CREATE TABLE shop.orders (id INT PRIMARY KEY, at TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6)) ENGINE=InnoDB;
      CREATE TABLE shop.visits (id INT PRIMARY KEY, at TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6)) ENGINE=MyISAM;`)
    const load = new WriteLoad(guest)
    await waitFor(async () => (load.acknowledged.length >= 20 ? true : undefined), {
      what: 'the first rows',
      timeoutMs: 60_000,
      everyMs: 100,
    })
    return load
  }

  get acknowledged(): readonly Acknowledged[] {
    return this.#acknowledged
  }

  /** The longest time between two acknowledgements from `sinceMs` on. */
  longestGap(sinceMs = 0): { readonly ms: number; readonly lastBefore: number } {
    let longest = { ms: 0, lastBefore: 0 }
    const rows = this.#acknowledged.filter(({ atMs }) => atMs >= sinceMs)
    for (const [index, row] of rows.entries()) {
      const previous = rows[index - 1]
      if (previous !== undefined && row.atMs - previous.atMs > longest.ms) {
        longest = { ms: row.atMs - previous.atMs, lastBefore: previous.id }
      }
    }
    return longest
  }

  /** The acknowledged rows, up to this one, that one of the guest's tables lacks. */
  async lost(upTo: number): Promise<readonly { readonly table: string; readonly id: number }[]> {
    const lost = []
    for (const table of ['orders', 'visits']) {
      const there = new Set((await this.#guest.sql(`SELECT id FROM shop.${table}`)).split('\n').map(Number))
      const missing = this.#acknowledged.filter(({ id }) => id <= upTo && !there.has(id))
      lost.push(...missing.map(({ id }) => ({ table, id })))
    }
    return lost
  }

  /** Safe twice. */
  async stop(): Promise<void> {
    this.#running = false
    this.#client?.kill()
    await this.#ended
  }

  async #run(): Promise<void> {
    for (let id = 1; this.#running; ) {
      const client = spawn('ssh', this.#guest.sshArguments('exec mariadb -N -B --unbuffered shop'), {
        stdio: ['pipe', 'pipe', 'ignore'],
      })
      this.#client = client
      client.stdin?.on('error', () => {})
      const lines = createInterface({ input: client.stdout as NodeJS.ReadableStream })
      const next = () => {
        client.stdin?.write(
          `INSERT INTO orders (id) VALUES (${id}); INSERT INTO visits (id) VALUES (${id}); SELECT ${id};\n`,
        )
      }
      next()
      lines.on('line', (line) => {
        if (Number(line) !== id || !this.#running) return
        this.#acknowledged.push({ id, atMs: performance.now() })
        id += 1
        next()
      })
      await once(client, 'close')
      // The row under way may have been committed without a word: go on behind it.
      id += 1
      if (this.#running) await sleep(20)
    }
  }
}
