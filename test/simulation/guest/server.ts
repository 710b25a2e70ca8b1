import type { Chance } from '../chance.ts'
import type { GuestMachine } from './machine.ts'

type ServerState = 'running' | 'stopping' | 'stopped' | 'starting' | 'failed'

/** In systemd's words. */
const ACTIVE_STATES = {
  running: 'active',
  stopping: 'deactivating',
  stopped: 'inactive',
  starting: 'activating',
  failed: 'failed',
} as const satisfies Record<ServerState, string>

/** What the troubles of a world do to the server. Times are the guest's uptime in milliseconds. */
export interface ServerTroubles {
  /** It does not end before this. */
  stopHangsUntil: number
  /** No start works before this. */
  startFailsUntil: number
  /** The next stop ends it, but not cleanly. */
  diesAtStop: boolean
  /** So long after its next stop somebody runs its program; undefined: nobody. */
  runAfterStopMs: number | undefined
}

export const NO_TROUBLES: ServerTroubles = {
  stopHangsUntil: 0,
  startFailsUntil: 0,
  diesAtStop: false,
  runAfterStopMs: undefined,
}

/** The unit of the database server: enabled at boot, and slow, as servers are. */
export class GuestServer {
  readonly #machine: GuestMachine
  readonly #chance: Chance
  #state: ServerState = 'running'
  #moving: Promise<void> | undefined
  #startQueued = false
  #cleanStop = true
  #recovered = false
  #invocation = 1
  readonly troubles: ServerTroubles = { ...NO_TROUBLES }

  constructor(machine: GuestMachine, chance: Chance) {
    this.#machine = machine
    this.#chance = chance
    machine.sync({ clean: false })
    machine.onEnd(() => this.#gone())
    machine.onBoot(() => {
      this.start()
    })
  }

  get state(): ServerState {
    return this.#state
  }

  get running(): boolean {
    return this.#state === 'running'
  }

  /** Properties of the unit, as systemd would show them. */
  get facts() {
    return {
      running: this.running,
      activeState: ACTIVE_STATES[this.#state],
      processes: this.#isDown() ? 0 : 1,
      invocation: this.#invocation,
      cleanStop: this.#cleanStop,
      recovered: this.#recovered,
    }
  }

  /** Asks it to end, and waits up to `limitMs`; it goes on ending after that. True when it has ended. */
  async stop(limitMs: number): Promise<boolean> {
    if (this.#state === 'starting') await this.#moving
    if (this.#state === 'stopped' || this.#state === 'failed') return true
    if (this.#state === 'running') {
      this.#state = 'stopping'
      this.#startQueued = false
      this.#moving = this.#end()
    }
    await Promise.race([this.#moving, this.#machine.sleep(limitMs)])
    return this.#isDown()
  }

  #isDown(): boolean {
    return this.#state === 'stopped' || this.#state === 'failed'
  }

  /**
   * Starts it, or joins a start; one that still ends is started when it has ended, which is waited for up to `limitMs`.
   * True when it runs.
   */
  async start(limitMs?: number): Promise<boolean> {
    if (this.#state === 'stopping') {
      this.#startQueued = true
      const late = limitMs === undefined ? [] : [this.#machine.sleep(limitMs)]
      await Promise.race([this.#moving, ...late])
    }
    if (this.#state === 'starting') await this.#moving
    else if (this.#isDown()) await this.#begin()
    return this.running
  }

  async #end(): Promise<void> {
    await this.#machine.sleep(this.#chance.between(200, 2_000))
    const hangMs = this.troubles.stopHangsUntil - this.#machine.uptime()
    if (hangMs > 0) await this.#machine.sleep(hangMs)
    this.#cleanStop = !this.troubles.diesAtStop
    this.troubles.diesAtStop = false
    this.#state = 'stopped'
    this.#machine.write({ clean: this.#cleanStop, writes: this.#machine.disk.writes + 1 })
    if (this.#startQueued) this.#begin()
    else this.#runBySomebody()
  }

  async #runBySomebody(): Promise<void> {
    const { runAfterStopMs } = this.troubles
    if (runAfterStopMs === undefined) return
    this.troubles.runAfterStopMs = undefined
    await this.#machine.sleep(runAfterStopMs)
    await this.start()
  }

  #begin(): Promise<void> {
    this.#state = 'starting'
    this.#startQueued = false
    this.#moving = this.#come()
    return this.#moving
  }

  async #come(): Promise<void> {
    if (this.troubles.startFailsUntil > this.#machine.uptime()) {
      await this.#machine.sleep(300)
      this.#state = 'failed'
      return
    }
    const { clean, writes } = this.#machine.disk
    this.#invocation += 1
    this.#recovered = !clean
    // From its first moment on the files are those of a server that runs.
    this.#machine.sync({ clean: false, writes: writes + 1 })
    await this.#machine.sleep(this.#chance.between(300, 2_500))
    this.#state = 'running'
  }

  #gone(): void {
    this.#state = 'stopped'
    this.#moving = undefined
    this.#startQueued = false
    this.#cleanStop = false
    Object.assign(this.troubles, NO_TROUBLES)
  }
}
