import type { Clock } from '../../../src/system/clock.ts'
import { ulid } from '../../../src/system/ulid.ts'
import type { Chance } from '../chance.ts'
import { keepsOthersOut } from './guest-hold.ts'
import type { SimulatedHelper } from './helper.ts'
import { word } from './helper-parts.ts'
import type { GuestMachine, KeptDocument } from './machine.ts'

type Document = Readonly<Record<string, unknown>>

/** What is kept under /run of one caller's freeze, until its thaw. */
interface Freeze {
  readonly source: string
  readonly wallMs: number
  readonly uptimeMs: number
  probe: Document | null
  id?: string
  hold?: Document
  /** It has succeeded: what did not is evidence of nothing. */
  called: boolean
  /** Another freeze was asked for meanwhile: nobody can tell which snapshot is whose. */
  contended: boolean
}

const TTL_MS = 60_000
const START_MS = 10_000
const HOUR_MS = 3_600_000

/**
 * The helper's verbs for freezes from inside, as its parts `82-freeze.sh` and `84-thaw.sh` have them: `freeze` and `thaw` for
 * an agent in the guest, `kept` and `forget` for who collects.
 */
export class GuestFreezes {
  /** What the guest's wall clock shows beyond the world's. */
  wallOffsetMs = 0
  readonly #helper: SimulatedHelper
  readonly #machine: GuestMachine
  readonly #clock: Pick<Clock, 'now'>
  readonly #chance: Chance
  readonly #open = new Map<string, Freeze>()
  readonly #taken = new Set<string>()
  readonly #thawed = new Map<string, { readonly id: string; readonly uptimeMs: number }>()

  constructor(parts: { helper: SimulatedHelper; machine: GuestMachine; clock: Pick<Clock, 'now'>; chance: Chance }) {
    this.#helper = parts.helper
    this.#machine = parts.machine
    this.#clock = parts.clock
    this.#chance = parts.chance
    this.#machine.onEnd(() => {
      this.#open.clear()
      this.#thawed.clear()
    })
  }

  /**
   * True when the guest stands still for this caller: held, or part of a hold that is no freeze's, because whoever holds has a
   * snapshot taken, and its hypervisor freezes as part of that.
   */
  async freeze(source: string): Promise<boolean> {
    await this.#machine.sleep(this.#chance.between(5, 50))
    const { wallMs } = this
    this.#thawed.delete(source)
    const former = this.#open.get(source)
    if (former !== undefined) {
      former.contended = true
      await this.thaw(source)
    }
    const open = this.#helper.holds.find(keepsOthersOut)
    const other = [...this.#open.values()].find(({ id }) => id === open?.id && id !== undefined)
    if (other !== undefined) other.contended = true
    else if (open?.state === 'held') return true
    const freeze: Freeze = { source, wallMs, uptimeMs: this.#uptime(), probe: null, called: false, contended: false }
    this.#open.set(source, freeze)
    freeze.probe = await this.#ask('probe', 'mysql')
    const id = ulid(this.#clock, this.#chance)
    freeze.id = id
    this.#taken.add(id)
    freeze.hold = await this.#ask('hold', 'mysql', id, String(TTL_MS), String(START_MS))
    if (freeze.hold.ok !== true) this.#open.delete(source)
    else if (isClean(freeze.hold)) freeze.called = true
    else if ((await this.#ask('release', id)).ok === true) this.#open.delete(source)
    return freeze.called
  }

  /** Ends what the same caller's freeze began, and nothing else. */
  async thaw(source: string): Promise<void> {
    await this.#machine.sleep(this.#chance.between(5, 50))
    const freeze = this.#open.get(source)
    if (freeze?.id === undefined) return this.#thawAgain(source)
    const { id } = freeze
    const release = await this.#ask('release', id)
    const { code } = (release.error ?? { code: '' }) as { code: string }
    if (release.ok !== true && code !== 'start-failed') return
    if (freeze.called && !freeze.contended) await this.#keep(freeze, id, release)
    this.#open.delete(source)
    this.#thawed.set(source, { id, uptimeMs: this.#uptime() })
  }

  /** This hold was taken from inside. */
  took(hold: string): boolean {
    return this.#taken.has(hold)
  }

  async carryOut(verb: 'kept' | 'forget', words: readonly string[]): Promise<string> {
    const id = word(words, 0)
    if (verb === 'forget') this.#forget(id)
    const kept = this.#kept
    const found = kept.find((document) => document.id === id)
    const freezes = id === '-' ? kept.map((document) => document.id) : [id]
    const freeze = found === undefined ? null : JSON.parse(found.text)
    const more = verb === 'forget' ? {} : { wallMs: this.wallMs, freezes, freeze }
    return JSON.stringify({ ...(await this.#ask('status')), verb, hold: id === '-' ? '' : id, ...more })
  }

  /** Whole seconds, as `date` says them. */
  private get wallMs(): number {
    return Math.floor((this.#clock.now() + this.wallOffsetMs) / 1000) * 1000
  }

  get #kept(): readonly KeptDocument[] {
    return this.#machine.disk.kept
  }

  async #keep({ source, wallMs, uptimeMs, probe, hold }: Freeze, id: string, release: Document): Promise<void> {
    const comeBack = await this.#ask('come-back', 'mysql', id)
    const called = { calledWallMs: wallMs, calledUptimeMs: uptimeMs }
    const answers = { probe, holdAnswer: hold, releaseAnswer: release, comeBack }
    const text = JSON.stringify({ id, source, profile: 'mysql', ...called, ...answers })
    this.#machine.sync({ kept: [...this.#kept, { id, text }].slice(-20) })
  }

  /** The agent had ended that freeze by itself: what it left is evidence of nothing. */
  #thawAgain(source: string): void {
    const last = this.#thawed.get(source)
    this.#thawed.delete(source)
    if (last !== undefined && this.#uptime() - last.uptimeMs <= HOUR_MS) this.#forget(last.id)
  }

  #forget(id: string): void {
    const kept = this.#kept.filter((document) => document.id !== id)
    if (kept.length < this.#kept.length) this.#machine.sync({ kept })
  }

  async #ask(verb: string, ...words: readonly string[]): Promise<Document> {
    return JSON.parse(await this.#helper.carryOut(verb, words)) as Document
  }

  #uptime(): number {
    return Math.round(this.#machine.uptime())
  }
}

/** As far as it can be told without judging. */
function isClean({ synced, components, dbms }: Document): boolean {
  const states = (components as readonly { activeState: string }[]).map(({ activeState }) => activeState)
  const { processes } = dbms as { processes: readonly unknown[] }
  return synced === true && !states.includes('failed') && processes.length === 0
}
