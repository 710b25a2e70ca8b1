import type { Grade, Reason } from '../grade/grade.ts'
import type { ProcessIdentity } from '../system/processes.ts'

/**
 * Port: the index of restore points, runs, holds and locks. It can be rebuilt; the truth of a run is its journal.
 * Safe for several processes at once. Passes test/conformance/catalog.ts. Every write is one transaction; writing the
 * same record twice is the same as once. Never called between hold and release.
 */
export interface Catalog {
  /**
   * Takes the lock of a VM. Rejects with `run-under-way` (details: the lock that stands) when another hold id has it;
   * the same hold id again resolves. Locks do not expire by the clock: only {@link unlockVm} ends them.
   */
  lockVm(lock: VmLock): Promise<void>
  /** Releases the lock if this hold id has it; else does nothing. Idempotent. */
  unlockVm(vmKey: string, holdId: string): Promise<void>
  locks(): Promise<readonly VmLock[]>

  /** Inserts or replaces by id. */
  savePoint(point: RestorePoint): Promise<void>
  /** Newest first. */
  points(filter?: { vm?: string }): Promise<readonly RestorePoint[]>
  /** By id or by an unambiguous beginning of it (at least 4 characters); undefined when there is none. */
  point(idOrPrefix: string): Promise<RestorePoint | undefined>
  removePoint(id: string): Promise<void>

  /** Inserts or replaces by id. */
  saveRun(run: RunRecord): Promise<void>
  /** Newest first. */
  runs(filter?: { vm?: string; limit?: number }): Promise<readonly RunRecord[]>

  /** Inserts or replaces by id. */
  saveHold(hold: HoldRecord): Promise<void>
  hold(id: string): Promise<HoldRecord | undefined>
  /** Newest first. */
  holds(filter?: { open?: boolean }): Promise<readonly HoldRecord[]>

  /** Safe twice. */
  close(): Promise<void>
}

export interface VmLock {
  /** See {@link vmKey}. */
  readonly vmKey: string
  readonly holdId: string
  readonly run: string
  readonly procedure: string
  readonly owner: ProcessIdentity
  readonly takenAt: string
  readonly ttlMs: number
}

/** What identifies a VM across names: hypervisor, native id and SMBIOS UUID. */
export function vmKey(vm: { hypervisor: string; nativeId: string; uuid: string }): string {
  return JSON.stringify([vm.hypervisor, vm.nativeId, vm.uuid])
}

/** The hypervisor's own id of the VM in a {@link vmKey}. */
export function nativeIdOfVmKey(key: string): string {
  const [, nativeId] = JSON.parse(key) as readonly string[]
  return nativeId ?? ''
}

/** The SMBIOS UUID in a {@link vmKey}. */
export function uuidOfVmKey(key: string): string {
  const [, , uuid] = JSON.parse(key) as readonly string[]
  return uuid ?? ''
}

export interface Outage {
  readonly stopMs: number
  readonly snapshotMs: number
  readonly startMs: number
  readonly readyMs: number
  readonly totalMs: number
}

export interface RestorePoint {
  readonly version: 1
  readonly id: string
  readonly run: string
  /** Name under `vms:`. */
  readonly vm: string
  readonly vmKey: string
  readonly hypervisor: string
  readonly snapshot: string
  readonly createdAt: string
  /**
   * `safety`: taken before a roll back, not graded by a hold. `foreign`: somebody else's snapshot, graded by a freeze from
   * inside; never ours to remove or to write on. `backup`: made by the hypervisor's own job, around
   * a hold of ours or a freeze from inside; `snapshot` names its archive.
   * `dump`: databases, files and configuration in a repository; `snapshot` says where.
   */
  readonly kind: 'snapshot' | 'safety' | 'foreign' | 'backup' | 'dump'
  readonly mode: 'stop' | 'freeze' | 'none'
  readonly grade: Grade
  readonly reasons: readonly Reason[]
  readonly outage?: Outage
  readonly note?: string
  /** The {@link ../guest/evidence.ts Evidence} of the run; plain JSON. */
  readonly evidence: unknown
  /** What drills showed, oldest first; the last ones only. */
  readonly drills?: readonly DrillRecord[]
}

/** One drill of a restore point; times in whole milliseconds. */
export interface DrillRecord {
  readonly run: string
  readonly at: string
  /** `failed`: something speaks against the data. `inconclusive`: nothing does, but not everything could be seen. */
  readonly result: 'passed' | 'failed' | 'inconclusive'
  /** Why it did not pass. */
  readonly reasons: readonly Reason[]
  /** From the start of the copy until its agent answered. */
  readonly bootMs: number
  /** From then on until the server answered. */
  readonly readyMs: number
  /** How long everything took that was asked then. */
  readonly checkMs: number
  readonly totalMs: number
  /** How many tables were found good. */
  readonly tables: number
}

/** What the last drill that came to a conclusion showed; undefined when none did. */
export function drillResult({ drills = [] }: Pick<RestorePoint, 'drills'>): 'passed' | 'failed' | undefined {
  const conclusive = drills.findLast(({ result }) => result !== 'inconclusive')?.result
  return conclusive === 'inconclusive' ? undefined : conclusive
}

export interface RunRecord {
  readonly id: string
  readonly procedure: string
  readonly vm: string
  readonly startedAt: string
  readonly endedAt?: string
  readonly outcome?: 'done' | 'failed' | 'undone' | 'undo-failed' | 'held' | 'recovered'
  readonly error?: { readonly code: string; readonly message: string }
  readonly point?: string
}

export interface HoldRecord {
  readonly id: string
  readonly run: string
  readonly vm: string
  readonly vmKey: string
  readonly profile: string
  readonly heldAt: string
  readonly ttlMs: number
  readonly state: 'held' | 'released' | 'expired'
  /** What the helper said at hold and release; plain JSON. */
  readonly evidence: unknown
}
