import type { Chance } from '../chance.ts'
import { UnitBlock } from './block.ts'
import { type DrainParts, lower, putBack } from './drain-verbs.ts'
import { GuestDrains } from './drains.ts'
import { fence } from './fence-verb.ts'
import {
  type GuestHold,
  isOver,
  keepsOthersOut,
  neverHeld,
  openHoldOf,
  refusesAgain,
  sleepUntilDue,
  statusesOf,
} from './guest-hold.ts'
import { halfShown, keepsDown } from './half.ts'
import {
  type HelperParts,
  type HelperTroubles,
  LIMITS,
  LOCK_PATIENCE_MS,
  NO_HELPER_TROUBLES,
  word,
} from './helper-parts.ts'
import { GuestLock } from './lock.ts'
import type { GuestMachine } from './machine.ts'
import { GuestRestores } from './restores.ts'
import type { GuestServer } from './server.ts'
import { WebServer } from './web-server.ts'
import { answer, examined, heldFacts, type Identity, refusal, releasedFacts } from './words.ts'

/**
 * The verbs of the guest's helper as adapters/guests/helper has them, over a model of systemd: what they refuse, what they
 * leave when they fail, what they answer when they are asked again, and what the watchdog does when nobody comes.
 */
export class SimulatedHelper {
  readonly #machine: GuestMachine
  readonly #server: GuestServer
  readonly #chance: Chance
  readonly #identity: Identity
  readonly #lock: GuestLock
  readonly #limits: NonNullable<HelperParts['limits']>
  readonly drains: GuestDrains
  #holds: GuestHold[] = []
  /** How long the last stop and start of the server took; outlives a boot. */
  readonly #last: { stopMs: number | null; startMs: number | null } = { stopMs: null, startMs: null }
  readonly #block = new UnitBlock()
  readonly troubles: HelperTroubles = { ...NO_HELPER_TROUBLES }
  readonly web: WebServer
  readonly restores: GuestRestores

  constructor(parts: HelperParts) {
    this.#machine = parts.machine
    this.#server = parts.server
    this.#chance = parts.chance
    this.#identity = parts.identity
    this.#lock = new GuestLock(parts.machine)
    this.#limits = parts.limits ?? LIMITS
    this.drains = new GuestDrains(parts.machine, parts.server)
    this.web = new WebServer(parts.machine, parts.webRuns)
    this.restores = new GuestRestores({ ...this.#drainParts(), web: this.web, holds: () => this.#holds })
    this.#machine.onEnd(() => {
      this.#holds = []
      this.#block.forget()
      Object.assign(this.troubles, NO_HELPER_TROUBLES)
    })
  }

  /** Of this boot; the very list, which goes on changing. */
  get holds(): readonly GuestHold[] {
    return this.#holds
  }

  /** Units are kept from being started. */
  get blocked(): boolean {
    return this.#block.isClosed
  }

  async carryOut(verb: string, words: readonly string[]): Promise<string> {
    await this.#machine.sleep(this.#chance.between(10, 200))
    switch (verb) {
      case 'hold':
        return this.#hold(words)
      case 'fence':
        return this.#fence(word(words, 0))
      case 'release':
        return this.#release(word(words, 0))
      case 'drain':
        return lower(this.#drainParts(), word(words, 1), Number(words[2]))
      case 'undrain':
        return putBack(this.#drainParts(), word(words, 1))
      case 'status':
        return this.#say('status', '', { holds: statusesOf(this.holds), half: halfShown(this.#machine.disk) })
      case 'drill':
        return this.#say(verb, word(words, 1), examined(this.#facts()))
      case 'come-back':
      case 'kept':
        return this.#say(verb, words.at(-1) === '-' ? '' : word(words, 1), {})
      case 'probe':
        return this.#probe()
      default:
        return this.restores.carryOut(verb, words)
    }
  }

  /** What a person or a monitor does: systemd refuses while the units are blocked. */
  async startFromOutside(): Promise<void> {
    if (!this.#block.keepsServerDown) await this.#server.start()
  }

  #probe(): string {
    const openHold = openHoldOf(this.holds)
    const { stopMs: lastStopMs, startMs: lastStartMs } = this.#last
    return this.#say('probe', '', { openHold, lastStopMs, lastStartMs, half: halfShown(this.#machine.disk) })
  }

  async #hold([profile = '', id = '', ttl, start]: readonly string[]): Promise<string> {
    const [ttlMs, startMs] = [Number(ttl), Number(start)]
    const whole = !profile.endsWith('.application')
    const firesUptimeMs = this.#uptime() + ttlMs - startMs - LOCK_PATIENCE_MS
    using lock = await this.#lock.take(5_000)
    if (lock === undefined) return this.#refuse(id, 'guest-locked', 'another verb is at work')
    const known = this.#holds.find((one) => one.id === id)
    if (known !== undefined) return this.#heldBefore(known)
    const other = this.holds.find(keepsOthersOut)
    if (other !== undefined) return this.#refuse(id, 'guest-locked', `hold ${other.id} is open`)
    const { half } = this.#machine.disk
    if (whole && half !== null) return this.#refuse(id, 'half-restored', `half restored by run ${half.run}`)
    await this.#machine.sleep(this.#chance.between(100, 600))
    const { state } = this.#server
    if (state === 'starting' || state === 'stopping') return this.#refuse(id, 'unit-busy', `the server is ${state}`)
    if (firesUptimeMs - this.#uptime() < 3_000) return this.#refuse(id, 'ttl-too-short', 'too little would be left')
    if (this.troubles.runFullUntil > this.#uptime()) return this.#refuse(id, 'state-unwritable', '/run is full')
    const hold: GuestHold = {
      id,
      ttlMs,
      firesUptimeMs,
      state: 'stopping',
      plan: { server: whole && this.#server.running, web: this.web.active || half?.web === true },
      watchdog: 'armed',
    }
    this.#holds.push(hold)
    this.#watch(hold)
    this.#block.close(hold)
    hold.stopRequestedUptimeMs = this.#uptime()
    this.web.active = false
    const limitMs = Math.min(this.#limits.stopMs, firesUptimeMs - this.#uptime())
    if (hold.plan.server && !(await this.#server.stop(limitMs))) return this.#stopTimedOut(hold)
    // Awaited here, or the lock would be let go before the answer is made.
    return await this.#showHold(hold)
  }

  #heldBefore(hold: GuestHold): string {
    const why = refusesAgain(hold)
    return why === undefined ? (hold.holdAnswer ?? '') : this.#refuse(hold.id, ...why)
  }

  async #showHold(hold: GuestHold): Promise<string> {
    const stoppedUptimeMs = this.#uptime()
    this.#machine.write({ marker: `${hold.id} ${this.#machine.bootId}` })
    await this.#machine.sleep(this.#chance.between(20, 150))
    const synced = !this.troubles.syncFails
    this.troubles.syncFails = false
    if (synced) this.#machine.sync()
    const syncedUptimeMs = synced ? this.#uptime() : null
    if (this.troubles.watchdogVanishes) hold.watchdog = 'missing'
    this.troubles.watchdogVanishes = false
    if (hold.expiredUptimeMs !== undefined)
      return this.#failHold(hold, 'expired', 'the watchdog fired before it was complete')
    hold.state = 'held'
    const shown = { stoppedUptimeMs, syncedUptimeMs, answeredUptimeMs: this.#uptime() }
    hold.holdAnswer = this.#say('hold', hold.id, heldFacts(hold, { facts: this.#facts(), ...shown }))
    if (hold.plan.server) this.#last.stopMs = stoppedUptimeMs - (hold.stopRequestedUptimeMs ?? stoppedUptimeMs)
    return hold.holdAnswer
  }

  /** It is not killed, and starts again as soon as it has stopped; the watchdog sees to it. */
  #stopTimedOut(hold: GuestHold): string {
    this.#block.lift(hold)
    this.#server.start()
    if (hold.plan.web) this.web.start()
    hold.holdAnswer = this.#refuse(hold.id, 'stop-timeout', 'the server has not stopped within its limit')
    return hold.holdAnswer
  }

  async #failHold(hold: GuestHold, code: string, message: string): Promise<string> {
    this.#block.lift(hold)
    if (await this.#startAll(hold)) hold.state = 'refused'
    hold.holdAnswer = this.#refuse(hold.id, code, message)
    return hold.holdAnswer
  }

  async #release(id: string): Promise<string> {
    using lock = await this.#lock.take(600_000)
    if (lock === undefined) return this.#refuse(id, 'guest-locked', 'another verb is at work', 'release')
    const hold = this.#holds.find((one) => one.id === id)
    if (hold?.releaseAnswer !== undefined) return hold.releaseAnswer
    if (hold === undefined || hold.state === 'blocked') return this.#releaseUnknown(id)
    const starts = !isOver(hold)
    if (starts) {
      const other = this.holds.find((candidate) => candidate !== hold && keepsOthersOut(candidate))
      if (other !== undefined) return this.#refuse(id, 'guest-locked', `hold ${other.id} is open`, 'release')
      if (hold.state !== 'expiring') hold.state = 'releasing'
    }
    return await this.#fenceAndStart(hold, starts)
  }

  #fence(id: string): Promise<string> {
    const taken = () => ({ ...this.#facts(), takenUptimeMs: this.#uptime() })
    return fence({ ...this.#drainParts(), holdOf: (one) => this.#holds.find((hold) => hold.id === one), taken }, id)
  }

  async #fenceAndStart(hold: GuestHold, starts: boolean): Promise<string> {
    const { plan, watchdog } = hold
    const fence = { ...this.#facts(), takenUptimeMs: this.#uptime() }
    const startRequestedUptimeMs = starts && (plan.server || plan.web) ? this.#uptime() : null
    if (starts) this.#block.lift(hold)
    const complete = !starts || (await this.#startAll(hold))
    const readyUptimeMs = starts && plan.server && this.#server.running ? this.#uptime() : null
    if (complete) hold.state = 'released'
    if (complete && readyUptimeMs !== null) this.#last.startMs = readyUptimeMs - fence.takenUptimeMs
    // Whether it fired is looked at when the answer is made up: it may have while the server started.
    const { expiredUptimeMs = null } = hold
    const watched = { watchdog: expiredUptimeMs === null ? watchdog : 'fired', expiredUptimeMs }
    const started = { startRequestedUptimeMs, readyUptimeMs, complete, plan, facts: this.#facts() }
    if (plan.web && keepsDown(this.#machine.disk))
      return this.#refuse(hold.id, 'half-restored', 'it stays stopped', 'release')
    const text = this.#say('release', hold.id, releasedFacts({ fence, ...watched, ...started }))
    if (complete) hold.releaseAnswer = text
    return text
  }

  #releaseUnknown(id: string): string {
    if (this.troubles.runFullUntil > this.#uptime())
      return this.#refuse(id, 'state-unwritable', '/run is full', 'release')
    if (!this.#holds.some((one) => one.id === id)) this.#holds.push(neverHeld(id))
    return this.#say('release', id, releasedFacts(undefined))
  }

  /** What systemd's timer calls when the time to live is nearly over. */
  async #watch(hold: GuestHold): Promise<void> {
    await sleepUntilDue(this.#machine, hold)
    if (hold.watchdog === 'missing') return
    using lock = await this.#lock.take(LOCK_PATIENCE_MS)
    if (isOver(hold)) return
    hold.state = 'expiring'
    hold.expiredUptimeMs = this.#uptime()
    this.#block.lift(hold)
    for (let tries = 0; tries < 60; tries += 1) {
      if (await this.#startAll(hold)) {
        if (!isOver(hold)) hold.state = 'expired'
        return
      }
      lock?.[Symbol.dispose]()
      await this.#machine.sleep(10_000)
      if (isOver(hold)) return
    }
  }

  async #startAll({ plan }: GuestHold): Promise<boolean> {
    const started = !plan.server || (await this.#server.start(this.#limits.startMs))
    if (plan.web) this.web.start()
    return started
  }

  #drainParts(): DrainParts {
    return {
      ...{ machine: this.#machine, server: this.#server, chance: this.#chance, lock: this.#lock },
      ...{ drains: this.drains, troubles: this.troubles },
      isHeld: (id) => this.#holds.some((one) => one.id === id),
      say: (verb, id, more) => this.#say(verb, id, more),
      refuse: (id, code, message, verb) => this.#refuse(id, code, message, verb),
    }
  }

  #uptime(): number {
    return Math.round(this.#machine.uptime())
  }

  #facts() {
    const { writes, marker } = this.#machine.disk
    return {
      ...this.#identity,
      ...(this.troubles.replacedUntil > this.#uptime() ? { sha256: 'another' } : {}),
      ...this.#server.facts,
      bootId: this.#machine.bootId,
      writes,
      marker,
      web: this.web.active,
    }
  }

  #say(verb: string, hold: string, more: object): string {
    return answer(verb, hold, this.#facts(), this.#uptime(), more)
  }

  #refuse(hold: string, code: string, message: string, verb = 'hold'): string {
    return refusal(verb, hold, this.#facts(), this.#uptime(), { code, message })
  }
}
