import { act, succeed } from './actor.ts'
import type { Invariant } from './invariant.ts'
import { INVARIANTS } from './invariants.ts'
import { givePast } from './past.ts'
import { givePastBackups } from './past-backups.ts'
import { type Activity, choosePlan } from './plan.ts'
import { leaveHalf, mend } from './procedures/mend-databases.ts'
import { recover, recoverProcedure } from './procedures/recover-runs.ts'
import { backupProcedure } from './procedures/restore-backup.ts'
import { snapshotProcedure } from './procedures/take-snapshot.ts'
import { anyTrouble, chooseTroubles, type DueTrouble } from './troubles.ts'
import { HOLD_TTL_MS, World } from './world.ts'

export interface SeedResult {
  readonly seed: number
  readonly events: number
  readonly troubles: readonly string[]
  /** Which promise was broken, and how; undefined: none. */
  readonly violation?: { readonly promise: string; readonly what: string }
  /** Only where it was asked for. */
  readonly timeline: readonly string[]
}

/** More events than any world has that comes to an end. */
const MOST_EVENTS = 20_000
/** Until every watchdog has fired, every start that failed is tried again, and every boot is over. */
const QUIET_MS = 4 * HOLD_TTL_MS

/** One seed: a world, its people and its troubles, event by event until everything has settled. */
export class SeedRun {
  readonly #world: World
  readonly #invariants: readonly Invariant[]
  /** Those of them that look at every event. */
  readonly #looking: readonly Invariant[]
  readonly #due: DueTrouble[]
  readonly #struck: string[] = []
  #events = 0
  /** What happened before is the world as it is found. */
  #begun = false
  #violation: SeedResult['violation']
  #ended = false

  constructor(seed: number, options: { kept?: boolean } = {}) {
    this.#world = new World(seed, options)
    this.#invariants = INVARIANTS.map((make) => make(this.#world))
    this.#looking = this.#invariants.filter(({ onEvent }) => onEvent !== undefined)
    this.#due = [...chooseTroubles(this.#world)]
    this.#world.onArrival = (arrival) => {
      for (const { promise, onArrival } of this.#invariants) this.#judge(promise, onArrival?.(arrival))
    }
    this.#world.onTold = (ending) => {
      for (const { promise, onTold } of this.#invariants) this.#judge(promise, onTold?.(ending))
    }
    this.#world.onEvent = () => this.#happen()
    this.#play().then(
      () => this.#end(),
      (thrown) => this.#end('what is told is true', thrown instanceof Error ? (thrown.stack ?? '') : String(thrown)),
    )
  }

  /** The next event; false when the seed has ended. Whatever it set free must have run before the next. */
  step(): boolean {
    // What a trouble sets free runs before time goes on.
    if (this.#ended || this.#happen()) return !this.#ended
    if (!this.#world.clock.step()) this.#end('everything comes to an end', 'all stand still, and not all has ended')
    if (this.#events > MOST_EVENTS) this.#end('everything comes to an end', `it goes on after ${MOST_EVENTS} events`)
    for (const { promise, onEvent } of this.#looking) this.#judge(promise, onEvent?.())
    return !this.#ended
  }

  /** An event: a trouble may strike. True when one did. */
  #happen(): boolean {
    if (!this.#begun) return false
    this.#events += 1
    return this.#strikeDue()
  }

  get result(): SeedResult {
    const { seed, timeline } = this.#world
    const violation = this.#violation === undefined ? {} : { violation: this.#violation }
    return { seed, events: this.#events, troubles: this.#struck, timeline: timeline.lines, ...violation }
  }

  async #play(): Promise<void> {
    const world = this.#world
    const past = world.seed % 4 === 0
    if (past) givePast(world)
    // A restore is rare where everything that comes before it may fail, too.
    const backup = world.seed % 4 === 1
    const half = world.seed % 16 === 5
    const keeper = world.chance.pick(world.hosts)
    const backups = world.seed % 8 === 2
    if (backup || backups) await succeed(world, keeper, 'backup', backupProcedure.run)
    if (backups) await givePastBackups(world, keeper)
    // A point to roll back to, where nothing is half.
    if (half) await succeed(world, keeper, 'snapshot', snapshotProcedure.run)
    if (half) await leaveHalf(world, keeper)
    this.#begun = true
    await Promise.all(choosePlan(world, { past, backup, half, backups }).map((activity) => this.#carryOut(activity)))
    // What has not happened yet happens to who clears up.
    for (const due of this.#due.splice(0)) this.#strike(due)
    await act(world, world.chance.pick(world.hosts), recoverProcedure)
    world.timeline.say('world', () => 'nothing is in the way any more')
    world.lift()
    await world.clock.sleep(QUIET_MS)
    await this.#settle()
    // A machine that recover has started boots.
    await world.clock.sleep(QUIET_MS)
    for (const { promise, atEnd } of this.#invariants) this.#judge(promise, await atEnd?.())
  }

  /** A recover on each host settles the rest, in whatever order the hosts depend on each other; the last finds nothing. */
  async #settle(): Promise<void> {
    let left: unknown[] = []
    for (let round = 0; round <= this.#world.hosts.length + 1; round += 1) {
      left = []
      for (const host of this.#world.hosts) {
        const { settled, holds, locks, snapshots } = await succeed(this.#world, host, 'recover', recover)
        const readable = settled.filter(({ outcome }) => outcome !== 'unreadable')
        left.push(...readable, ...holds, ...locks, ...snapshots)
      }
      // A restore may have been undone to where they were half restored: no run is open then, and the guest says so all the same.
      const isHalf = this.#world.guest.machine.disk.half !== null
      if (left.length === 0 && !isHalf) return
      if (isHalf) await mend(this.#world)
    }
    const { guest } = this.#world
    if (guest.isHeldByNobody && !guest.server.running) return
    this.#judge('recover settles what a crash left', `always something to settle: ${JSON.stringify(left)}`)
  }

  async #carryOut({ host, afterMs, deeds }: Activity): Promise<void> {
    const { clock } = this.#world
    await clock.sleep(afterMs)
    for (const deed of deeds) {
      await deed(this.#world, host)
      await clock.sleep(this.#world.chance.between(0, 3_000))
    }
  }

  #strikeDue(): boolean {
    const [due] = this.#due
    if (due === undefined || due.event > this.#events) return false
    this.#due.shift()
    this.#strike(due)
    return true
  }

  /** Where nothing is there that it could happen to, something else goes wrong. */
  #strike({ trouble: chosen }: DueTrouble): void {
    let trouble = chosen
    while (!trouble.strike(this.#world)) trouble = anyTrouble(this.#world.chance)
    this.#struck.push(trouble.name)
    this.#world.timeline.say('trouble', () => trouble.name)
  }

  #judge(promise: string, what: string | undefined): void {
    if (what === undefined || this.#violation !== undefined) return
    this.#world.timeline.say('BROKEN', () => `${promise}: ${what}`)
    this.#violation = { promise, what }
    this.#ended = true
  }

  #end(promise?: string, what?: string): void {
    if (promise !== undefined) this.#judge(promise, what)
    this.#ended = true
  }
}
