import type { Catalog, HoldRecord, RestorePoint, RunRecord, VmLock } from '../../../src/catalog/catalog.ts'
import { lockTakenError } from '../../../src/catalog/lock-taken.ts'
import { idBeginning, onlyMatch } from '../../../src/catalog/point-lookup.ts'

/** What outlives a process in a simulation: give the same one to the catalogs of several. */
export interface MemoryStore {
  readonly locks: Map<string, VmLock>
  readonly points: Map<string, RestorePoint>
  readonly runs: Map<string, RunRecord>
  readonly holds: Map<string, HoldRecord>
}

export function emptyStore(): MemoryStore {
  return { locks: new Map(), points: new Map(), runs: new Map(), holds: new Map() }
}

/** A catalog for tests and the simulation. Records go in as copies, in the form that JSON leaves of them, and come out frozen. */
export class MemoryCatalog implements Catalog {
  readonly #store: MemoryStore
  #closed = false

  constructor(store: MemoryStore = emptyStore()) {
    this.#store = store
  }

  async lockVm(lock: VmLock): Promise<void> {
    const { locks } = this.#open()
    const standing = locks.get(lock.vmKey)
    if (standing?.holdId === lock.holdId) return
    if (standing !== undefined) throw lockTakenError(standing)
    locks.set(lock.vmKey, kept(lock))
  }

  async unlockVm(vmKey: string, holdId: string): Promise<void> {
    const { locks } = this.#open()
    if (locks.get(vmKey)?.holdId === holdId) locks.delete(vmKey)
  }

  async locks(): Promise<readonly VmLock[]> {
    return [...this.#open().locks.values()].sort((a, b) => ascending(a.takenAt + a.vmKey, b.takenAt + b.vmKey))
  }

  async savePoint(point: RestorePoint): Promise<void> {
    this.#open().points.set(point.id, kept(point))
  }

  async points(filter: { vm?: string } = {}): Promise<readonly RestorePoint[]> {
    const points = [...this.#open().points.values()].filter(({ vm }) => filter.vm === undefined || vm === filter.vm)
    return newestFirst(points, ({ createdAt }) => createdAt)
  }

  async point(idOrPrefix: string): Promise<RestorePoint | undefined> {
    const beginning = idBeginning(idOrPrefix)
    const points = [...this.#open().points.values()].filter(({ id }) => id.startsWith(beginning))
    return onlyMatch(
      beginning,
      points.toSorted((a, b) => ascending(a.id, b.id)),
    )
  }

  async removePoint(id: string): Promise<void> {
    this.#open().points.delete(id)
  }

  async saveRun(run: RunRecord): Promise<void> {
    this.#open().runs.set(run.id, kept(run))
  }

  async runs(filter: { vm?: string; limit?: number } = {}): Promise<readonly RunRecord[]> {
    const runs = [...this.#open().runs.values()].filter(({ vm }) => filter.vm === undefined || vm === filter.vm)
    return newestFirst(runs, ({ startedAt }) => startedAt).slice(0, filter.limit)
  }

  async saveHold(hold: HoldRecord): Promise<void> {
    this.#open().holds.set(hold.id, kept(hold))
  }

  async hold(id: string): Promise<HoldRecord | undefined> {
    return this.#open().holds.get(id)
  }

  async holds(filter: { open?: boolean } = {}): Promise<readonly HoldRecord[]> {
    const holds = [...this.#open().holds.values()].filter(
      ({ state }) => filter.open === undefined || (state === 'held') === filter.open,
    )
    return newestFirst(holds, ({ heldAt }) => heldAt)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #open(): MemoryStore {
    if (this.#closed) throw new Error('the catalog is closed')
    return this.#store
  }
}

function kept<T>(record: T): T {
  return frozen(JSON.parse(JSON.stringify(record)))
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const item of Object.values(value)) frozen(item)
  return Object.freeze(value)
}

function newestFirst<T extends { readonly id: string }>(records: readonly T[], at: (record: T) => string): T[] {
  return records.toSorted((a, b) => ascending(at(b) + b.id, at(a) + a.id))
}

function ascending(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
