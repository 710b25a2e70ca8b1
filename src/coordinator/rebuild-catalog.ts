import { type RestorePoint, vmKey } from '../catalog/catalog.ts'
import { lockTakenError } from '../catalog/lock-taken.ts'
import { readDescription } from '../grade/description.ts'
import type { Grade, Reason } from '../grade/grade.ts'
import type { Snapshot, Vm } from '../hypervisor/hypervisor.ts'
import { claimedPoint, isBetter, type ReadBack } from './claimed-point.ts'
import { findDescriptionKey } from './description-key.ts'
import { keepRunbook } from './keep-runbook.ts'
import type { Ports, VmSettings } from './ports.ts'
import { readBackups } from './rebuild-backups.ts'

export interface RebuildReport {
  readonly version: 1
  readonly vm: string
  readonly dryRun: boolean
  /** Of every snapshot that says to be ours, and of every backup, oldest first. */
  readonly points: readonly RebuiltPoint[]
  /** What is not ours, or not whole. */
  readonly left: readonly { readonly snapshot: string; readonly reason: Reason }[]
}

export interface RebuiltPoint {
  readonly id: string
  readonly snapshot: string
  readonly createdAt: string
  /** `known`: the catalog has it, and keeps what it has. `improved`: it had less, read back before. */
  readonly outcome: 'added' | 'improved' | 'known'
  /** What is in the catalog from now on. */
  readonly grade: Grade
  readonly claimed: Grade | 'pending'
  /** The claim is signed by this coordinator's key, for this snapshot and this VM. */
  readonly verified: boolean
  readonly reasons: readonly Reason[]
}

/**
 * Reads the restore points of a VM back from what stillshot wrote on their snapshots and beside its backups, into a catalog that lost them. What the catalog
 * knows better stays. Rejects with `run-under-way` while a run has the VM: it knows better, too. May be repeated.
 */
export async function rebuildCatalog(
  ports: Ports,
  settings: VmSettings,
  { dryRun, signal }: { dryRun: boolean; signal: AbortSignal },
): Promise<RebuildReport> {
  const { hypervisor, catalog, system, stateDirectory } = ports
  const vm = await hypervisor.findVm(settings.reference, { signal, timeoutMs: 30_000 })
  const snapshots = await hypervisor.listSnapshots(vm, { signal, timeoutMs: 60_000 })
  // Only after the list: what a run made since is not in it, and of one that ended the catalog knows the end.
  const lock = (await catalog.locks()).find((candidate) => candidate.vmKey === vmKey(vm))
  if (lock !== undefined) throw lockTakenError(lock)
  const known = new Map((await catalog.points()).map((point) => [point.id, point]))
  // Where the key is lost, too, nothing can be verified: not by any key that others could guess either.
  const key = (await findDescriptionKey(system, stateDirectory)) ?? system.randomness.bytes(32)
  const points: RebuiltPoint[] = []
  const left: { snapshot: string; reason: Reason }[] = []
  for (const snapshot of snapshots) {
    const read = readClaim(vm, settings.name, snapshot, key)
    if ('reason' in read) left.push({ snapshot: snapshot.name, reason: read.reason })
    else {
      const rebuilt = compare(read.point, known.get(read.point.id))
      if (rebuilt.outcome !== 'known') {
        // The same words on a second snapshot take nothing from the first.
        known.set(read.point.id, read.point)
        if (!dryRun) await catalog.savePoint(read.point)
      }
      points.push(rebuilt)
    }
  }
  const backups = await readBackups(ports, settings, { key, signal })
  for (const point of backups.points) {
    const rebuilt = compare(point, known.get(point.id))
    if (rebuilt.outcome !== 'known') {
      known.set(point.id, point)
      if (!dryRun) await catalog.savePoint(point)
    }
    points.push(rebuilt)
  }
  left.push(...backups.left)
  if (!dryRun) await keepRunbook(ports, settings)
  return { version: 1, vm: settings.name, dryRun, points, left }
}

function readClaim(
  vm: Vm,
  name: string,
  snapshot: Snapshot,
  key: Uint8Array,
): { readonly point: RestorePoint } | { readonly reason: Reason } {
  const read = readDescription(snapshot.description, key)
  if (read === undefined) return { reason: { code: 'not-ours', message: 'it does not say to be of stillshot' } }
  if (!snapshot.complete) return { reason: { code: 'unfinished', message: 'it is not whole' } }
  return { point: claimedPoint(vm, name, snapshot, read) }
}

function compare(read: RestorePoint, known: RestorePoint | undefined): RebuiltPoint {
  const { claimed, verified } = (read.evidence as ReadBack).readBack
  const outcome = known === undefined ? 'added' : isBetter(read, known) ? 'improved' : 'known'
  const { id, snapshot, createdAt, grade, reasons } = outcome === 'known' ? (known ?? read) : read
  return { id, snapshot, createdAt, outcome, grade, claimed, verified, reasons }
}
