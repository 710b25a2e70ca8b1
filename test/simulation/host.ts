import { emptyStore, type MemoryStore } from '../../adapters/catalogs/memory/memory-catalog.ts'
import { type FileOperation, fileError, MemoryFiles, TornAppend } from '../../adapters/system/fake/memory-files.ts'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import type { Clock } from '../../src/system/clock.ts'
import type { Processes, ProcessIdentity } from '../../src/system/processes.ts'
import type { Chance } from './chance.ts'
import { CountedMap } from './counted-map.ts'
import { SimulatedProcess } from './process.ts'

/** What the disk under the state directory does until a moment of the world. */
export interface DiskTrouble {
  readonly kind: 'full' | 'broken'
  readonly untilMs: number
}

/** A catalog whose points promises look at, at every event. */
interface CountedStore extends MemoryStore {
  readonly points: CountedMap<string, RestorePoint>
}

/** A machine that stillshot runs on: its disk, its clock and its processes. */
export class Host {
  readonly name: string
  /** The catalog, which may be shared by several hosts. What is committed there is durable. */
  readonly catalog: CountedStore
  /** What its wall clock shows beyond the world's. */
  wallOffsetMs = 0
  disk: DiskTrouble | undefined
  catalogFailsUntilMs = 0
  files = new MemoryFiles()
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #chance: Chance
  #boot = 1
  #pid = 100
  readonly #alive = new Set<SimulatedProcess>()

  constructor(name: string, parts: { clock: Pick<Clock, 'monotonic'>; chance: Chance; catalog?: CountedStore }) {
    this.name = name
    this.catalog = parts.catalog ?? { ...emptyStore(), points: new CountedMap() }
    this.#clock = parts.clock
    this.#chance = parts.chance
    this.#watchDisk()
  }

  get catalogFails(): boolean {
    return this.catalogFailsUntilMs > this.#clock.monotonic()
  }

  /** `onCall`: one of its calls of a port begins. */
  begin(onCall: () => void): SimulatedProcess {
    this.#pid += 1
    const identity = { host: this.name, bootId: this.#bootId, pid: this.#pid, startTime: String(this.#pid) }
    const process = new SimulatedProcess(identity, { onEnd: (ended) => this.#alive.delete(ended), onCall })
    this.#alive.add(process)
    return process
  }

  get processes(): readonly SimulatedProcess[] {
    return [...this.#alive]
  }

  /** The process table, as one of its processes sees it. */
  processesAsSeenBy(process: SimulatedProcess): Processes {
    return {
      self: async () => process.identity,
      state: async (identity) => this.#state(identity),
    }
  }

  /** Everything that ran is gone, and of what was written and not synced, a beginning may be left. */
  powerCut(chance: Chance): void {
    for (const process of this.processes) process.kill()
    this.files = this.files.afterPowerCut((unsynced) => unsynced.slice(0, chance.between(0, unsynced.length)))
    this.#boot += 1
    this.#watchDisk()
  }

  lift(): void {
    this.disk = undefined
    this.catalogFailsUntilMs = 0
  }

  #watchDisk(): void {
    this.files.setFault((operation, path) => this.#fault(operation, path))
  }

  #fault(operation: FileOperation, path: string): void {
    const { disk } = this
    if (disk === undefined || disk.untilMs <= this.#clock.monotonic()) return
    if (operation === 'read' || operation === 'list') return
    if (disk.kind === 'broken') throw fileError('EIO', path)
    if (operation === 'append') throw new TornAppend(this.#chance.next())
    if (operation !== 'sync') throw fileError('ENOSPC', path)
  }

  #state(identity: ProcessIdentity): 'alive' | 'dead' | 'unknown' {
    if (identity.host !== this.name) return 'unknown'
    const lives =
      identity.bootId === this.#bootId && this.processes.some(({ identity: { pid } }) => pid === identity.pid)
    return lives ? 'alive' : 'dead'
  }

  get #bootId(): string {
    return `${this.name}-boot-${this.#boot}`
  }
}
