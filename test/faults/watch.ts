import { type FileHandle, open } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'

/** What the observer in the guest said, and when it was seen outside (`performance.now()`). */
export interface Sighting {
  readonly atMs: number
  readonly boot: string
  readonly uptimeMs: number
  /** `up PID`, `hung PID`, `running PID…` or `gone`; see guest/observer.pl. */
  readonly state: string
}

export interface Downtime {
  readonly fromMs: number
  readonly toMs: number
}

/** A guest that says nothing for so long is off, being reset, or stopped by its hypervisor. */
const SILENCE_MS = 5_000
const LOOK_EVERY_MS = 40

/** Follows a guest's console, and keeps what its observer says; independent of stillshot, SSH and network. */
export class Watch {
  readonly sightings: Sighting[] = []
  /** Lines about command lines in the guest that held the canary. */
  readonly leaks: string[] = []
  readonly #path: string
  #file: FileHandle | undefined
  readonly #buffer = Buffer.alloc(65_536)
  #at = 0
  #rest = ''
  #timer: NodeJS.Timeout | undefined

  private constructor(path: string) {
    this.#path = path
  }

  /** Begins with what is said from now on. */
  static async start(consolePath: string): Promise<Watch> {
    const watch = new Watch(consolePath)
    watch.#file = await open(watch.#path)
    watch.#at = (await watch.#file.stat()).size
    watch.#next()
    return watch
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#file?.close()
    this.#file = undefined
  }

  get latest(): Sighting | undefined {
    return this.sightings.at(-1)
  }

  /** True when a server answers now. */
  get isUp(): boolean {
    return this.latest?.state.startsWith('up ') ?? false
  }

  /** When no server answered, between the two moments; one that is not over is cut there. */
  downtimes(fromMs: number, toMs: number): readonly Downtime[] {
    return downtimes(this.sightings, fromMs, toMs)
  }

  #next(): void {
    this.#timer = setTimeout(async () => {
      await this.#read().catch(() => {})
      if (this.#file !== undefined) this.#next()
    }, LOOK_EVERY_MS)
  }

  async #read(): Promise<void> {
    if (this.#file === undefined) return
    const { bytesRead, buffer } = await this.#file.read(this.#buffer, 0, this.#buffer.length, this.#at)
    if (bytesRead === 0) return
    this.#at += bytesRead
    const lines = (this.#rest + buffer.toString('latin1', 0, bytesRead)).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#take(line)
  }

  #take(line: string): void {
    const found = /^observer (\w+) (\d+) (\w[\w ]*?)\s*$/.exec(line)
    if (!found) return
    const [, boot = '', uptime = '', state = ''] = found
    if (state.startsWith('leak')) this.leaks.push(state)
    else this.sightings.push({ atMs: performance.now(), boot, uptimeMs: Number(uptime), state })
  }
}

/** See {@link Watch.downtimes}. Pure. */
export function downtimes(sightings: readonly Sighting[], fromMs: number, toMs: number): readonly Downtime[] {
  const found: { fromMs: number; toMs: number }[] = []
  const add = (from: number, to: number) => {
    const begin = Math.max(from, fromMs)
    const end = Math.min(to, toMs)
    if (end <= begin) return
    const last = found.at(-1)
    if (last?.toMs === begin) last.toMs = end
    else found.push({ fromMs: begin, toMs: end })
  }
  for (const [index, sighting] of sightings.entries()) {
    const endMs = sightings[index + 1]?.atMs ?? toMs
    if (!sighting.state.startsWith('up ')) add(sighting.atMs, endMs)
    else if (endMs - sighting.atMs > SILENCE_MS) add(sighting.atMs + 1_000, endMs)
  }
  return found
}
