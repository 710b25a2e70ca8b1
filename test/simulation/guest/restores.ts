import type { CommandResult } from '../../../src/guest/guest-shell.ts'
import type { Chance } from '../chance.ts'
import { FOLDER, GuestFiles } from './files.ts'
import { type GuestHold, isOver, keepsOthersOut } from './guest-hold.ts'
import { DATABASE, halfShown, isReplaced } from './half.ts'
import { word } from './helper-parts.ts'
import type { GuestLock } from './lock.ts'
import type { GuestMachine } from './machine.ts'
import type { GuestServer } from './server.ts'
import type { WebServer } from './web-server.ts'

export interface RestoreParts {
  readonly machine: GuestMachine
  readonly server: GuestServer
  readonly web: WebServer
  readonly chance: Chance
  readonly lock: GuestLock
  readonly holds: () => readonly GuestHold[]
  readonly say: (verb: string, hold: string, more: object) => string
  readonly refuse: (hold: string, code: string, message: string, verb: string) => string
}

/** What the troubles of a world do to the next stream. */
export interface StreamTroubles {
  /** It is cut off in the middle of what it reads or writes. */
  cutsNext: boolean
  /** The server, or its client, says no in the middle. */
  failsNext: boolean
}

export const NO_STREAM_TROUBLES: StreamTroubles = { cutsNext: false, failsNext: false }

/** A guest was told that its databases are whole, and believed it. */
export interface Believed {
  readonly run: string
  readonly way: 'forward' | 'back'
  /** What they held then. */
  readonly rows: string
}

const STREAMS = ['dump', 'users', 'load']
/** The real one waits so long for the load of another run. */
const BUSY_MS = 30_000

/** The verbs of a backup and of its restore: what the databases hold is one word, empty while they are half made. */
export class GuestRestores {
  readonly #parts: RestoreParts
  readonly troubles: StreamTroubles = { ...NO_STREAM_TROUBLES }
  readonly believed: Believed[] = []
  /** By run: what the databases held before its first drop. */
  readonly before = new Map<string, string>()
  /** A way back was loaded over databases that its run had not begun to replace. */
  overwritten: string | undefined
  readonly files: GuestFiles
  #loading: { readonly run: string; ended: boolean } | undefined
  /** Runs whose way back was asked for in this boot: what they dropped later would stay so. */
  readonly #over = new Set<string>()

  constructor(parts: RestoreParts) {
    this.#parts = parts
    this.files = new GuestFiles(parts, this.troubles)
    parts.machine.onEnd(() => {
      this.#loading = undefined
      this.#over.clear()
      Object.assign(this.troubles, NO_STREAM_TROUBLES)
    })
  }

  static streams(verb: string): boolean {
    return STREAMS.includes(verb) || GuestFiles.streams(verb)
  }

  /** A verb that answers with a document. */
  async carryOut(verb: string, words: readonly string[]): Promise<string> {
    if (verb === 'inventory') return this.#inventory()
    if (verb === 'renew') return this.#renew(word(words, 0), Number(words[1]))
    if (verb === 'over') return this.files.over(words)
    if (verb === 'whole') return this.#whole(word(words, 0), word(words, 1))
    throw new RangeError(`the helper has no verb ${verb}`)
  }

  async stream(verb: string, words: readonly string[], stdin: string): Promise<CommandResult> {
    if (GuestFiles.streams(verb)) return this.files.stream(verb, words, stdin)
    const { machine, server, chance } = this.#parts
    await machine.sleep(chance.between(20, 300))
    if (!server.running) return failure('server-silent')
    if (verb === 'load')
      return this.#load({ run: word(words, 1), way: word(words, 2), held: words[3] === 'held' }, stdin)
    const { cut, fails } = this.#takeTroubles()
    await machine.sleep(chance.between(100, 2_000))
    const last = verb === 'dump' ? '-- Dump completed on 2026-01-01\n' : '-- Users completed\n'
    const text =
      verb === 'dump'
        ? `-- MariaDB dump\nCREATE DATABASE \`${DATABASE}\`;\n\nUSE \`${DATABASE}\`;\n-- rows ${this.rows};\n${last}`
        : last
    if (fails || (verb === 'dump' && this.rows === ''))
      return { exitStatus: 2, stdout: text.slice(0, 20), stderr: 'Got error: 1049' }
    return { exitStatus: 0, stdout: cut ? text.slice(0, -last.length) : text, stderr: '' }
  }

  get rows(): string {
    return this.#parts.machine.disk.rows
  }

  #takeTroubles(): { cut: boolean; fails: boolean } {
    const { cutsNext: cut, failsNext: fails } = this.troubles
    Object.assign(this.troubles, NO_STREAM_TROUBLES)
    return { cut, fails }
  }

  #inventory(): string {
    const { machine, server, say } = this.#parts
    const databases = server.running && this.rows !== '' ? [{ name: DATABASE, tables: 1, sizeBytes: 1 }] : []
    return say('inventory', '', {
      serverSilent: server.running ? null : 'it does not answer',
      variables: { version: '10.11.19-MariaDB', version_comment: 'Debian 12' },
      ...{ dumpProgram: '/usr/bin/mariadb-dump', dumpVersion: 'mariadb-dump 10.19', databases, loose: [], odd: [] },
      ...{
        files: [FOLDER],
        configuration: [],
        links: [],
        gnuTar: true,
        packages: false,
        packers: [],
        restoreAllowed: true,
      },
      half: halfShown(machine.disk),
    })
  }

  /** Without the lock: the hold may still be stopping something. */
  #renew(id: string, ttlMs: number): string {
    const { machine, holds, say, refuse } = this.#parts
    const hold = holds().find((one) => one.id === id)
    const open = hold !== undefined && (hold.state === 'stopping' || hold.state === 'held')
    if (!open) return refuse(id, 'hold-over', `hold ${id} is over`, 'renew')
    hold.leaseUptimeMs = Math.round(machine.uptime() + ttlMs)
    return say('renew', id, { firesUptimeMs: hold.leaseUptimeMs })
  }

  async #load({ run, way, held }: { run: string; way: string; held: boolean }, stdin: string): Promise<CommandResult> {
    const { machine, server, chance } = this.#parts
    const own = await this.#alone(run, way)
    if (own === undefined) return failure('load-busy')
    const no = this.#notAllowed(run, way, held)
    if (no !== undefined) return this.#ended(own, failure(no))
    const [request = '', ...body] = stdin.split('\n\n')
    // Accounts alone: nothing is dropped.
    if (!request.includes('database='))
      return this.#ended(own, { exitStatus: 0, stdout: 'stillshot-loaded\n', stderr: '' })
    const { cut, fails } = this.#takeTroubles()
    if (way === 'back' && machine.disk.loadedBy !== run) this.overwritten = `${run} over ${machine.disk.rows}`
    if (way === 'drop') this.#mark(run, held)
    else this.#parts.machine.sync({ half: markOf(machine.disk.half, null) })
    await machine.sleep(chance.between(1, 50))
    if (own.ended) return never()
    machine.sync({ rows: '' })
    await machine.sleep(chance.between(300, 6_000))
    if (own.ended) return never()
    // What goes wrong while it is at work, too.
    if (fails || this.#takeTroubles().fails || !server.running)
      return this.#ended(own, { exitStatus: 1, stdout: '', stderr: 'ERROR 1064 (42000) at line 3' })
    if (cut) return this.#ended(own, { exitStatus: 0, stdout: '', stderr: '' })
    const rows = /^-- rows (\w+);$/m.exec(body.join('\n\n'))?.[1] ?? ''
    machine.sync({ rows, half: markOf(machine.disk.half, way === 'drop' ? 'drop' : 'back') })
    return this.#ended(own, { exitStatus: 0, stdout: 'stillshot-loaded\n', stderr: '' })
  }

  /** One at a time; only who drops ends the load of another run. */
  async #alone(run: string, way: string) {
    const { machine } = this.#parts
    const until = machine.uptime() + BUSY_MS
    while (this.#loading !== undefined) {
      if (way === 'drop' || this.#loading.run === run) {
        this.#loading.ended = true
        break
      }
      if (machine.uptime() > until) return undefined
      await machine.sleep(500)
    }
    const own = { run, ended: false }
    this.#loading = own
    return own
  }

  #ended(own: object, result: CommandResult): CommandResult {
    if (this.#loading === own) this.#loading = undefined
    return result
  }

  #notAllowed(run: string, way: string, held: boolean): string | undefined {
    const { machine, holds } = this.#parts
    if (way === 'back') {
      this.#over.add(run)
      if (machine.disk.half?.run !== run) return 'nothing-dropped'
      return isReplaced(machine.disk) ? 'replaced' : undefined
    }
    if (this.#over.has(run)) return 'load-over'
    const hold = holds().find((one) => one.id === run)
    return held && hold?.state !== 'held' ? 'not-held' : undefined
  }

  #mark(run: string, held: boolean): void {
    const { machine, holds } = this.#parts
    const { half } = machine.disk
    const web = holds().find((one) => one.id === run)?.plan.web ?? false
    if (!this.before.has(run)) this.before.set(run, this.rows)
    machine.sync({ half: { run, held, web: web || half?.web === true, loaded: null }, loadedBy: run })
  }

  /** A person has looked at what is there, and types it as root in the guest. */
  mendByHand(): void {
    const { machine, web } = this.#parts
    const { half } = machine.disk
    machine.sync({ half: null, loadedBy: null })
    if (half?.web === true) web.start()
  }

  async #whole(run: string, way: string): Promise<string> {
    const { machine, holds, web, lock, say, refuse } = this.#parts
    const own = await this.#alone(run, 'whole')
    if (own === undefined) return refuse(run, 'load-busy', 'a load is at work', 'whole')
    this.#loading = undefined
    using locked = await lock.take(60_000)
    if (locked === undefined) return refuse(run, 'guest-locked', 'another verb is at work', 'whole')
    const other = holds().find((hold) => hold.id !== run && keepsOthersOut(hold))
    if (other !== undefined) return refuse(run, 'guest-locked', `hold ${other.id} is open`, 'whole')
    const { half } = machine.disk
    if (half === null) return say('whole', run, { known: false, started: false })
    if (half.run !== run) return refuse(run, 'other-half', `half restored by ${half.run}`, 'whole')
    if (isReplaced(machine.disk)) return refuse(run, 'replaced', 'others are in their place', 'whole')
    if (half.loaded !== (way === 'forward' ? 'drop' : 'back')) return refuse(run, 'still-half', 'it is half', 'whole')
    this.believed.push({ run, way: way === 'forward' ? 'forward' : 'back', rows: this.rows })
    machine.sync({ half: null, loadedBy: null })
    const hold = holds().find((one) => one.id === run)
    const started = hold === undefined || isOver(hold) || hold.state === 'blocked'
    if (started && half.web) web.start()
    return say('whole', run, { known: true, started })
  }
}

type Mark = NonNullable<GuestMachine['disk']['half']>

function markOf(half: Mark | null, loaded: Mark['loaded']): Mark | null {
  return half === null ? null : { ...half, loaded }
}

function failure(code: string): CommandResult {
  return { exitStatus: 3, stdout: '', stderr: `stillshot-guest: no (${code})\n` }
}

/** Its processes were killed: nobody answers who called it. */
function never(): Promise<never> {
  return new Promise(() => {})
}
