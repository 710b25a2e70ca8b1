import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { GuestUnderTest } from '../../labs/guest-under-test.ts'
import { waitFor } from '../../labs/wait-for.ts'

const PROGRAM = join(import.meta.dirname, 'committing-client.pl')
const IN_GUEST = '/usr/local/sbin/committing-client'
const LIMIT = { timeoutMs: 60_000, everyMs: 10 }

/** What an application sees of an outage, whoever causes it: from the connection's loss to the next acknowledged commit. */
export class CommittingClient {
  readonly #client: ChildProcess
  /** By this machine's clock: the guest's may stand still while it is paused. */
  readonly #seen: { readonly state: string; readonly atMs: number }[] = []

  private constructor(client: ChildProcess) {
    this.#client = client
    createInterface({ input: client.stdout as NodeJS.ReadableStream }).on('line', (state) => {
      this.#seen.push({ state, atMs: performance.now() })
    })
  }

  /** Resolves when the first row is committed. */
  static async start(guest: GuestUnderTest): Promise<CommittingClient> {
    await guest.sql(`CREATE OR REPLACE DATABASE bench; CREATE TABLE bench.rows (id INT AUTO_INCREMENT PRIMARY KEY);
      CREATE OR REPLACE USER bench@localhost; GRANT INSERT ON bench.* TO bench@localhost`)
    const program = await readFile(PROGRAM, 'utf8')
    await guest.run(`cat > ${IN_GUEST} && chmod 755 ${IN_GUEST}`, { input: program })
    const socket = await guest.sql('SELECT @@socket')
    const words = guest.sshArguments(`exec ${IN_GUEST} ${socket}`)
    const client = new CommittingClient(spawn('ssh', words, { stdio: ['ignore', 'pipe', 'inherit'] }))
    await client.#until('back')
    return client
  }

  /** Milliseconds of the one outage that `work` causes. */
  async outageOf(work: () => Promise<unknown>): Promise<number> {
    this.#seen.length = 0
    await work()
    await this.#until('back')
    const [away, back, ...more] = this.#seen
    if (away?.state !== 'away' || back?.state !== 'back' || more.length > 0) {
      throw new Error(`not one outage: ${JSON.stringify(this.#seen)}`)
    }
    return back.atMs - away.atMs
  }

  async stop(): Promise<void> {
    this.#client.kill()
    if (this.#client.exitCode === null && this.#client.signalCode === null) await once(this.#client, 'exit')
  }

  #until(state: string): Promise<true> {
    const look = async () => (this.#seen.at(-1)?.state === state ? (true as const) : undefined)
    return waitFor(look, { what: `the client to be ${state}`, ...LIMIT })
  }
}
