import type { HostTimes } from '../../../src/coordinator/unfinished-backup.ts'
import type { Clock } from '../../../src/system/clock.ts'
import type { Chance } from '../chance.ts'
import { BackupLine } from './backup-line.ts'

export interface JobParts {
  readonly clock: Clock
  readonly chance: Chance
  /** Local time, as the host's logs have it. */
  readonly time: () => string
  readonly archive: string
}

/** How often the follower says that it is there. */
const ALIVE_MS = 4_000

/**
 * One backup of the VM by vzdump, and what its hook and the follower of its log know of it, as
 * adapters/hypervisors/proxmox/vzdump-hook has them.
 */
export class BackupJob {
  readonly archive: string
  /** By the job's own list; empty where the disk has `backup=0`. */
  readonly disks: readonly string[]
  /** A hook that fails lets the backup go on all the same. */
  readonly goesOn: boolean
  readonly line = new BackupLine()
  readonly killed: Promise<'killed'>
  phase: 'backup-start' | 'starting' | 'writing' | 'ending' | 'over' = 'backup-start'
  /** What the troubles of the world do to it. */
  readonly troubles = { startsLaterMs: 0, archiveFails: false, logLost: false }
  /** By the host's clock. */
  times: HostTimes = {}
  /** The run that holds for it, as soon as the call has said so. */
  heldBy: string | undefined
  /** The run whose point it is, by the last word of the call. */
  run: string | undefined
  /** The hook has returned: the backup may begin. */
  #isHeld = false
  /** Its point in time is over, and the log says so. */
  #hasStarted = false
  #isGivenUp = false
  #callIsOver = false
  #followerLives = true
  #news = Promise.withResolvers<void>()
  readonly #parts: JobParts
  readonly #kill: () => void

  constructor(parts: JobParts) {
    const { archive, chance } = parts
    const { promise, resolve } = Promise.withResolvers<'killed'>()
    this.#parts = parts
    this.archive = archive
    this.disks = chance.happens(0.85) ? ['vda'] : []
    this.goesOn = chance.happens(0.3)
    this.killed = promise
    this.#kill = () => resolve('killed')
  }

  get hasStarted(): boolean {
    return this.#hasStarted
  }

  /** kill -9 of vzdump: no phase comes any more. */
  kill(): void {
    this.#kill()
    this.giveUp()
  }

  /** The hook, or the job, is gone, and the follower says so. */
  giveUp(): void {
    this.#isGivenUp = true
    this.#tell()
  }

  killFollower(): void {
    this.#followerLives = false
    this.#tell()
  }

  /** What the call prints while it runs. */
  hear(text: string): void {
    if (this.line.silent) return
    this.heldBy = /^held (\w+)/.exec(text)?.[1]
    this.#tell()
  }

  /** The call is over; `run`: whom it told of as released. */
  onCallOver(run: string | undefined): void {
    this.run = run
    this.times = { ...this.times, releasedAt: this.#parts.time() }
    this.#callIsOver = true
    this.#tell()
  }

  /** What the hook waits for: true when everything stands still, and the backup may begin. */
  async untilHeld(): Promise<boolean> {
    const { clock, chance, time } = this.#parts
    while (this.heldBy === undefined && !this.#callIsOver && !this.#isGivenUp) await this.#news.promise
    await clock.sleep(chance.between(0, 100))
    if (this.heldBy === undefined || this.#callIsOver || this.#isGivenUp) return false
    this.times = { ...this.times, heldAt: time() }
    this.#isHeld = true
    return true
  }

  /** The line of the log that comes right after the point in time. */
  logStarted(): void {
    this.#hasStarted = true
    if (!this.troubles.logLost) this.times = { ...this.times, loggedAt: this.#parts.time() }
    this.#tell()
  }

  /** The follower's words, until there is nothing more to say; then its end of the line is closed. */
  async follow(): Promise<void> {
    const { clock, chance } = this.#parts
    for (;;) {
      const word = this.#nextWord()
      if (word !== undefined) this.line.say(word)
      if (word !== 'alive') break
      await Promise.race([this.#news.promise, clock.sleep(ALIVE_MS)])
      await clock.sleep(chance.between(1, 100))
    }
    this.line.end()
  }

  #nextWord(): 'alive' | 'started' | 'given-up' | undefined {
    if (!this.#followerLives || this.#callIsOver) return undefined
    if (this.#isGivenUp) return 'given-up'
    if (!this.#isHeld || !this.#hasStarted) return 'alive'
    this.times = { ...this.times, seenAt: this.#parts.time() }
    return 'started'
  }

  #tell(): void {
    this.#news.resolve()
    this.#news = Promise.withResolvers()
  }
}
