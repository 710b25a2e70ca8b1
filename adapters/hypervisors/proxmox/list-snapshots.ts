import { StillshotError } from '../../../src/errors.ts'
import type { Snapshot, Vm } from '../../../src/hypervisor/hypervisor.ts'
import { formatInstant } from '../../../src/system/instant.ts'
import type { Call } from '../../https/call.ts'
import { type Cluster, onNode, vmApi } from './cluster.ts'
import { type RollBackMark, readDescription, writeDescription } from './description.ts'
import { isCode, retryLocked } from './run-task.ts'
import { runningTask } from './task.ts'
import { drivesOf } from './vm-config.ts'

/** A snapshot as the list has it. */
export interface ListedSnapshot {
  readonly name: string
  readonly text: string
  readonly mark: RollBackMark | undefined
  /** Seconds since 1970. */
  readonly snaptime: number
  readonly parent: string | undefined
  readonly withMemory: boolean
  /** Set while it is being made or removed, and left when that was interrupted. */
  readonly unfinished: 'prepare' | 'delete' | undefined
}

export interface SnapshotList {
  /** Oldest first. */
  readonly snapshots: readonly ListedSnapshot[]
  /** The snapshot that the VM stands on. */
  readonly current: string | undefined
}

/** One look, without the disks. */
export async function readSnapshotList(cluster: Cluster, vm: Vm, call: Call): Promise<SnapshotList> {
  const errand = { call, doing: `list the snapshots of ${vm.name}` }
  const entries = await onNode(cluster, vm, call, (node) => vmApi(cluster, vm, node, errand).snapshot.$get())
  const snapshots = entries
    .filter(({ name }) => name !== 'current')
    .map((entry) => {
      const { text, mark } = readDescription(entry.description ?? '')
      return {
        name: entry.name,
        ...{ text, mark },
        snaptime: Number(entry.snaptime ?? 0),
        parent: entry.parent,
        withMemory: Boolean(Number(entry.vmstate ?? 0)),
        unfinished: entry.snapstate as ListedSnapshot['unfinished'],
      }
    })
  return { snapshots: sorted(snapshots), current: entries.find(({ name }) => name === 'current')?.parent }
}

/**
 * Oldest first. `vm-locked` while a snapshot of ours is on its way that the list does not have yet: that it is not there
 * would not mean that it will not come.
 */
export async function listSnapshots(cluster: Cluster, vm: Vm, call: Call): Promise<readonly Snapshot[]> {
  const running = await runningTask(cluster, vm, call, 'qmsnapshot')
  const { snapshots } = await readSnapshotList(cluster, vm, call)
  if (running !== undefined && !snapshots.some(({ unfinished }) => unfinished === 'prepare')) {
    const ended = (await runningTask(cluster, vm, call, 'qmsnapshot')) === undefined
    if (!ended)
      throw new StillshotError('vm-locked', `Proxmox VE works at a snapshot of ${vm.name} that is not listed yet`)
    return listSnapshots(cluster, vm, call)
  }
  const all = await Promise.all(snapshots.map((snapshot) => publicSnapshot(cluster, vm, snapshot, call)))
  return all.flat()
}

/** None when it is gone by now. */
async function publicSnapshot(
  cluster: Cluster,
  vm: Vm,
  snapshot: ListedSnapshot,
  call: Call,
): Promise<readonly Snapshot[]> {
  const disks = await disksOf(cluster, vm, snapshot, call)
  return disks === undefined ? [] : [snapshotWith(snapshot, disks)]
}

/** What the port shows of a snapshot. */
export function snapshotWith(
  { name, text, snaptime, parent, unfinished, withMemory }: ListedSnapshot,
  disks: readonly string[],
): Snapshot {
  return {
    name,
    description: text,
    createdAt: formatInstant(snaptime * 1000),
    ...(parent === undefined ? {} : { parent }),
    complete: unfinished === undefined,
    disks,
    ...(withMemory ? { memory: true } : {}),
  }
}

/** The disks of the configuration that the snapshot keeps. */
async function disksOf(
  cluster: Cluster,
  vm: Vm,
  { name, snaptime, unfinished }: ListedSnapshot,
  call: Call,
): Promise<readonly string[] | undefined> {
  const key = JSON.stringify([vm.nativeId, name, snaptime])
  const known = cluster.snapshotDisks.get(key)
  if (known !== undefined) return known
  try {
    const disks = drivesOf(await readSnapshotConfig(cluster, vm, name, call)).map(({ id }) => id)
    if (unfinished === undefined) cluster.snapshotDisks.set(key, disks)
    return disks
  } catch (error) {
    if (isCode(error, 'snapshot-not-found')) return undefined
    throw error
  }
}

export async function readSnapshotConfig(
  cluster: Cluster,
  vm: Vm,
  name: string,
  call: Call,
): Promise<Readonly<Record<string, unknown>>> {
  const errand = { call, doing: `look at snapshot ${name} of ${vm.name}` }
  return onNode(cluster, vm, call, (node) => vmApi(cluster, vm, node, errand).snapshot.$(name).config.$get())
}

/** `snapshot-not-found` when it is not in the list. */
export function snapshotNamed(vm: Vm, { snapshots }: SnapshotList, name: string): ListedSnapshot {
  const found = snapshots.find((snapshot) => snapshot.name === name)
  if (found !== undefined) return found
  throw new StillshotError('snapshot-not-found', `${vm.name} has no snapshot ${name}`)
}

/** Replaces the caller's text; a mark of ours stays. */
export async function describeSnapshot(
  cluster: Cluster,
  vm: Vm,
  name: string,
  text: string,
  call: Call,
): Promise<void> {
  const { mark } = snapshotNamed(vm, await readSnapshotList(cluster, vm, call), name)
  await storeDescription(cluster, vm, name, writeDescription({ text, ...(mark === undefined ? {} : { mark }) }), call)
}

/** A lost answer is settled by reading it back. */
export async function storeDescription(
  cluster: Cluster,
  vm: Vm,
  name: string,
  description: string,
  call: Call,
): Promise<void> {
  const errand = { call, doing: `describe snapshot ${name} of ${vm.name}` }
  const put = (node: string) => vmApi(cluster, vm, node, errand).snapshot.$(name).config.$put({ description })
  try {
    await retryLocked(cluster, call, () => onNode(cluster, vm, call, put))
  } catch (error) {
    if (!isCode(error, 'answer-lost') || call.signal.aborted) throw error
    const { text, mark } = snapshotNamed(vm, await readSnapshotList(cluster, vm, call), name)
    if (writeDescription({ text, ...(mark === undefined ? {} : { mark }) }) !== description) throw error
  }
}

function sorted(snapshots: readonly ListedSnapshot[]): readonly ListedSnapshot[] {
  const parents = new Map(snapshots.map(({ name, parent }) => [name, parent]))
  const depth = (name: string | undefined, steps = 0): number =>
    name === undefined || steps > snapshots.length ? 0 : 1 + depth(parents.get(name), steps + 1)
  return snapshots.toSorted(
    (one, other) =>
      one.snaptime - other.snaptime || depth(one.name) - depth(other.name) || (one.name < other.name ? -1 : 1),
  )
}
