import type { CommandResult } from '../../src/guest/guest-shell.ts'
import type { Clock } from '../../src/system/clock.ts'
import { MARKER } from './guest-documents.ts'
import { answerOf, type ModelFacts } from './model-answers.ts'

interface ModelHold {
  state: 'held' | 'released' | 'expired'
  readonly watchdog: AbortController
  readonly firesUptimeMs: number
  readonly document?: string
  releaseDocument?: string
}

const START_FAILED = { ok: false, error: { code: 'start-failed', message: 'the server is not active again' } }

/** What a test makes go wrong in the guest. */
export interface ModelFaults {
  /** The hold says no, with nothing stopped. */
  refuseHold?: boolean
  /** The server ends, but not cleanly. */
  killed?: boolean
  syncFails?: boolean
  startFails?: boolean
  stopMs?: number
  /** How far its clock is behind after it was set. */
  clockBehindMs?: number
  /** What CHECK TABLE finds damaged. */
  damagedTable?: string
  /** What each of the admin's questions is answered with. */
  assertion?: { rows: number; first: string; error: string | null }
}

/**
 * A guest as the coordinator sees it: one server, the helper's verbs, holds and their watchdog, without an operating
 * system. `program` is what a fake shell runs.
 */
export class ModelGuest {
  readonly facts: ModelFacts
  readonly faults: ModelFaults = {}
  readonly #clock: Clock
  readonly #holds = new Map<string, ModelHold>()
  /** Every verb that arrived, in order. */
  readonly asked: string[] = []
  /** Milliseconds of the clock at which the server went down and came up. */
  readonly downAt: number[] = []
  readonly upAt: number[] = []
  drained = false

  constructor(clock: Clock, facts: Partial<ModelFacts> = {}) {
    this.#clock = clock
    this.facts = {
      uuid: '564d1234-5678-9abc-def0-112233445566',
      mac: '52:54:00:00:00:01',
      sha256: 'a'.repeat(64),
      bootId: 'boot-1',
      running: true,
      invocation: 1,
      writes: 0,
      serial: 'root-disk',
      sizeBytes: 1024 ** 3,
      marker: null,
      cleanStop: true,
      recovered: false,
      replicas: 0,
      ...facts,
    }
  }

  readonly program = async (argv: readonly string[]): Promise<CommandResult> => {
    const [verb, ...args] = argv.slice(argv.indexOf('/usr/local/sbin/stillshot-guest') + 1)
    this.asked.push(String(verb))
    const stdout = await this.#carryOut(String(verb), args)
    return { exitStatus: 0, stdout, stderr: '' }
  }

  /** Somebody starts the server, behind our back. */
  startByHand(): void {
    if (this.facts.running) return
    this.facts.running = true
    this.facts.invocation += 1
    this.facts.writes += 1
    this.upAt.push(this.#clock.monotonic())
  }

  /** Somebody takes the timer of this hold away. */
  loseWatchdog(id: string): void {
    this.#holds.get(id)?.watchdog.abort()
  }

  /** The machine is reset: /run is new, and what is enabled starts. */
  reset(): void {
    for (const { watchdog } of this.#holds.values()) watchdog.abort()
    this.#holds.clear()
    this.facts.bootId = `${this.facts.bootId}+`
    this.startByHand()
  }

  get openHolds(): readonly string[] {
    return [...this.#holds].filter(([, { state }]) => state === 'held').map(([id]) => id)
  }

  async #carryOut(verb: string, args: readonly string[]): Promise<string> {
    switch (verb) {
      case 'hold':
        return this.#hold(String(args[1]), Number(args[2]), Number(args[3]))
      case 'fence':
        return this.#fence(String(args[0]))
      case 'release':
        return this.#release(String(args[0]))
      case 'drain':
        this.drained = true
        return this.#say(verb, String(args[1]), { dirtyBefore: 100, dirtyAfter: 0, waitedMs: 1000, changed: {} })
      case 'undrain':
        this.drained = false
        return this.#say(verb, String(args[1]), { restored: {} })
      case 'status':
        return this.#say(verb, '', {
          holds: [...this.#holds].map(([id, { state, firesUptimeMs }]) => ({
            id,
            profile: 'mysql',
            state,
            firesUptimeMs,
          })),
        })
      case 'come-back':
        return this.#say(verb, args[0 + 1] === '-' ? '' : String(args[1]), {})
      case 'clock':
        return this.#say(verb, '', {
          beforeWallMs: this.#clock.now() - 3_600_000,
          wallMs: this.#clock.now() - (this.faults.clockBehindMs ?? 0),
        })
      case 'drill':
        return this.#say(verb, String(args[1]), this.#examined())
      default: {
        const [open] = this.openHolds
        return this.#say(verb, '', {
          openHold: open === undefined ? null : { id: open, state: 'held', profile: 'mysql' },
        })
      }
    }
  }

  #examined() {
    const { damagedTable: table, assertion } = this.faults
    const bad = table === undefined ? [] : [{ table, message: 'it is not there' }]
    return {
      markers: [{ path: MARKER.path, content: this.facts.marker }],
      tables: this.facts.running ? { checked: 30, unchecked: 0, badCount: bad.length, bad, error: null } : null,
      assertions: assertion === undefined ? [] : [assertion],
    }
  }

  async #hold(id: string, ttlMs: number, startMs: number): Promise<string> {
    const known = this.#holds.get(id)
    if (known?.document !== undefined) return known.document
    if (known !== undefined) return this.#refuse('hold', id, 'released-before', 'it was released before')
    if (this.faults.refuseHold) return this.#refuse('hold', id, 'not-stopping', 'mariadb.service does not stop')
    if (this.openHolds.length > 0) return this.#refuse('hold', id, 'guest-locked', 'another hold is open')
    const watchdog = new AbortController()
    this.#watch(id, ttlMs - startMs, watchdog.signal)
    const stopRequestedUptimeMs = this.#uptime()
    await this.#clock.sleep(this.faults.stopMs ?? 500)
    this.facts.running = false
    this.facts.cleanStop = this.faults.killed !== true
    this.downAt.push(this.#clock.monotonic())
    this.facts.marker = `${id} ${this.facts.bootId}`
    this.drained = false
    const document = this.#say('hold', id, {
      ttlMs,
      firesUptimeMs: stopRequestedUptimeMs + ttlMs - startMs,
      stopRequestedUptimeMs,
      synced: !this.faults.syncFails,
    })
    this.#holds.set(id, { state: 'held', watchdog, firesUptimeMs: stopRequestedUptimeMs + ttlMs - startMs, document })
    return document
  }

  #fence(id: string): string {
    const hold = this.#holds.get(id)
    if (hold?.document === undefined) return this.#say('fence', id, { known: false, fenceState: null })
    const fenceState = hold.state === 'held' ? 'armed' : 'fired'
    return this.#say('fence', id, { known: true, fenceState, fence: { ...this.facts } })
  }

  async #release(id: string): Promise<string> {
    const hold = this.#holds.get(id)
    if (hold?.releaseDocument !== undefined) return hold.releaseDocument
    if (hold === undefined) {
      this.#holds.set(id, { state: 'released', watchdog: new AbortController(), firesUptimeMs: 0 })
      return this.#say('release', id, { known: false, fenceState: null })
    }
    const fenceState = hold.state === 'held' ? 'armed' : 'fired'
    const fence = { ...this.facts }
    hold.watchdog.abort()
    await this.#start()
    // One that failed may be asked again, and tries again.
    if (!this.facts.running) return this.#say('release', id, { known: true, fenceState, fence, ...START_FAILED })
    hold.releaseDocument = this.#say('release', id, { known: true, fenceState, fence })
    hold.state = hold.state === 'held' ? 'released' : hold.state
    return hold.releaseDocument
  }

  async #watch(id: string, ms: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#clock.sleep(ms, signal)
    } catch {
      return
    }
    const hold = this.#holds.get(id)
    if (hold?.state === 'held') hold.state = 'expired'
    await this.#start()
  }

  async #start(): Promise<void> {
    if (this.facts.running || this.faults.startFails) return
    await this.#clock.sleep(800)
    this.facts.recovered = !this.facts.cleanStop
    this.startByHand()
  }

  #uptime(): number {
    return Math.round(this.#clock.monotonic()) + 60_000
  }

  #say(verb: string, hold: string, more: Readonly<Record<string, unknown>>): string {
    return JSON.stringify(answerOf(verb, hold, this.facts, this.#uptime(), more))
  }

  #refuse(verb: string, hold: string, code: string, message: string): string {
    const { version, protocol, helper, sha256, bootId, uuid, uptimeMs } = JSON.parse(this.#say(verb, hold, {}))
    return JSON.stringify({
      version,
      protocol,
      helper,
      sha256,
      verb,
      hold,
      ok: false,
      error: { code, message },
      bootId,
      uuid,
      uptimeMs,
    })
  }
}
