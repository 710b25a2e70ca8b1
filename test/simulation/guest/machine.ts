import type { VirtualClock } from '../../../adapters/system/fake/virtual-clock.ts'
import type { Chance } from '../chance.ts'
import { NO_FILES_WRITTEN, type OverMark, type TwoFiles } from './files.ts'
import type { HalfMark } from './half.ts'

/** What is on the VM's disk, whatever happens to its memory. */
export interface GuestDisk {
  /** The server's files are as a clean stop left them. */
  clean: boolean
  /** Counts what the server wrote. */
  writes: number
  /** What the last hold wrote just before its point in time. */
  marker: string | null
  /** What freezes from inside left for whoever collects, oldest first. */
  kept: readonly KeptDocument[]
  /** What the application's database holds, in one word; empty while it is half made. */
  rows: string
  half: HalfMark | null
  /** Which run began to replace the databases that lie here, as they tell by themselves. */
  loadedBy: string | null
  /** The application's files. */
  files: TwoFiles
  /** By run: what it has put aside, without what it leaves as it is. */
  staged: Readonly<Record<string, readonly [string | null, string | null]>>
  over: Readonly<Record<string, OverMark>>
}

/** Of a machine whose server has run, and has not been stopped. */
export function freshDisk(): GuestDisk {
  return {
    clean: false,
    writes: 1,
    marker: null,
    kept: [],
    rows: 'r0',
    half: null,
    loadedBy: null,
    ...NO_FILES_WRITTEN,
  }
}

export interface KeptDocument {
  readonly id: string
  /** As JSON. */
  readonly text: string
}

/**
 * The virtual machine from inside: power, boots, its own monotonic clock (which stands while it is paused), its disk, and
 * what was written and has not reached the disk yet.
 */
export class GuestMachine {
  readonly #clock: VirtualClock
  readonly #chance: Chance
  readonly #diskOf: () => GuestDisk
  readonly #onBoot: (() => void)[] = []
  readonly #onEnd: (() => void)[] = []
  #boot = 1
  #state: 'on' | 'booting' | 'off' = 'on'
  #bootedAtMs: number
  #pausedAtMs: number | undefined
  #resumed = Promise.withResolvers<void>()
  #cache: Partial<GuestDisk> = {}

  /** `diskOf`: the disk as the hypervisor has it, which a roll back replaces. */
  constructor(clock: VirtualClock, chance: Chance, diskOf: () => GuestDisk) {
    this.#clock = clock
    this.#chance = chance
    this.#diskOf = diskOf
    this.#bootedAtMs = clock.monotonic() - 600_000
  }

  onBoot(start: () => void): void {
    this.#onBoot.push(start)
  }

  /** Called when all that runs in it is gone. */
  onEnd(end: () => void): void {
    this.#onEnd.push(end)
  }

  get bootId(): string {
    return `boot-${this.#boot}`
  }

  get isUp(): boolean {
    return this.#state === 'on'
  }

  get isOff(): boolean {
    return this.#state === 'off'
  }

  get isPaused(): boolean {
    return this.#pausedAtMs !== undefined
  }

  get disk(): Readonly<GuestDisk> {
    return { ...this.#diskOf(), ...this.#cache }
  }

  /** Milliseconds since the boot, by the guest's monotonic clock. */
  uptime(): number {
    return (this.#pausedAtMs ?? this.#clock.monotonic()) - this.#bootedAtMs
  }

  /** The sleep of a process of this boot: never settles once the boot is over. */
  async sleep(ms: number): Promise<void> {
    const boot = this.#boot
    const until = this.uptime() + ms
    while (this.uptime() < until || this.isPaused) {
      if (this.isPaused) await this.#resumed.promise
      else await this.#clock.sleep(until - this.uptime())
      if (boot !== this.#boot) return new Promise(() => {})
    }
  }

  /** Into the cache, which a lost boot loses. */
  write(change: Partial<GuestDisk>): void {
    Object.assign(this.#cache, change)
  }

  /** What is in the cache, and `change`, reaches the disk. */
  sync(change: Partial<GuestDisk> = {}): void {
    Object.assign(this.#diskOf(), this.#cache, change)
    this.#cache = {}
  }

  pause(): void {
    if (this.#state === 'off' || this.isPaused) return
    this.#pausedAtMs = this.#clock.monotonic()
  }

  resume(): void {
    if (this.#pausedAtMs === undefined) return
    this.#bootedAtMs += this.#clock.monotonic() - this.#pausedAtMs
    this.#pausedAtMs = undefined
    this.#resumed.resolve()
    this.#resumed = Promise.withResolvers()
  }

  powerOff(): void {
    if (this.#state === 'off') return
    this.resume()
    this.#state = 'off'
    this.#boot += 1
    this.#cache = {}
    for (const end of this.#onEnd) end()
  }

  powerOn(): void {
    if (this.#state !== 'off') return
    this.#state = 'booting'
    this.#bootedAtMs = this.#clock.monotonic()
    const boot = this.#boot
    this.sleep(this.#chance.between(8_000, 25_000)).then(() => {
      if (boot !== this.#boot) return
      this.#state = 'on'
      for (const start of this.#onBoot) start()
    })
  }

  reset(): void {
    this.powerOff()
    this.powerOn()
  }
}
