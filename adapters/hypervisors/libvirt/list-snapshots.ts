import { StillshotError } from '../../../src/errors.ts'
import type { Snapshot, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { redefineSnapshot } from './change-xml.ts'
import type { LibvirtHost } from './host.ts'
import { bareDescription, isBeingRemoved, markOf } from './removal-mark.ts'
import { type DomainSnapshot, withDescription } from './snapshot-xml.ts'
import { readSnapshots, snapshotNamed } from './vm-state.ts'

/** How long to wait for a change that libvirt may still be at. */
const BARRIER_MS = 5_000

/**
 * Oldest first; two of the same second in the order of their parents. `vm-locked` while libvirt works at a change: one
 * that still waits for its turn is not listed yet, so "not there" would not mean "never".
 */
export async function listSnapshots(
  host: LibvirtHost,
  vm: Vm,
  options: CallOptions = {},
): Promise<readonly Snapshot[]> {
  const settled = await isSettled(host, vm, options)
  const request = { ...options, doing: `list the snapshots of ${vm.name}` }
  const { snapshots } = await readSnapshots(host, vm.nativeId, request)
  if (!settled) throw unsettled(vm)
  return sorted(snapshots).map((snapshot) => publicSnapshot(snapshot))
}

/** What a caller gets who must know whether something was made, while that may still happen. */
export function unsettled(vm: Vm): StillshotError {
  return new StillshotError('vm-locked', `libvirt still works at a change of ${vm.name}`)
}

/** Replaces the description; everything else that libvirt keeps stays. Idempotent. */
export async function describeSnapshot(
  host: LibvirtHost,
  vm: Vm,
  name: string,
  description: string,
  options: CallOptions = {},
): Promise<void> {
  const doing = `describe snapshot ${name} of ${vm.name}`
  const snapshot = snapshotNamed(vm, await readSnapshots(host, vm.nativeId, { ...options, doing }), name)
  await redefineSnapshot(host, vm.nativeId, withDescription(snapshot.xml, markOf(snapshot) + description), {
    ...options,
    doing,
  })
}

export function publicSnapshot(snapshot: DomainSnapshot): Snapshot {
  return {
    name: snapshot.name,
    description: bareDescription(snapshot),
    createdAt: snapshot.createdAt,
    ...(snapshot.parent === undefined ? {} : { parent: snapshot.parent }),
    complete: !isBeingRemoved(snapshot),
    disks: snapshot.disks.map((disk) => disk.target),
    ...(snapshot.withMemory ? { memory: true } : {}),
  }
}

/**
 * False while libvirt works at a change of this VM. It lists a snapshot before that exists and drops it when it fails,
 * so a look right after a lost answer could see what never came to be. Removing metadata that nobody has waits for the
 * same lock as a change and changes nothing.
 */
export async function isSettled(host: LibvirtHost, vm: Vm, options: CallOptions = {}): Promise<boolean> {
  const limitMs = Math.min(options.timeoutMs ?? BARRIER_MS, BARRIER_MS)
  try {
    await host.session.run([['metadata', vm.nativeId, 'urn:stillshot:barrier', '--remove', '--current']], {
      ...options,
      timeoutMs: limitMs,
      doing: `wait for ${vm.name}`,
    })
    return true
  } catch (error) {
    if (options.signal?.aborted) throw error
    if (error instanceof StillshotError && ['hypervisor-unreachable', 'vm-locked'].includes(error.code)) return false
    throw error
  }
}

function sorted<Stored extends DomainSnapshot>(snapshots: readonly Stored[]): readonly Stored[] {
  const parents = new Map(snapshots.map((snapshot) => [snapshot.name, snapshot.parent]))
  const depth = (name: string | undefined): number => (name === undefined ? 0 : 1 + depth(parents.get(name)))
  return snapshots.toSorted((one, other) => {
    if (one.createdAt !== other.createdAt) return one.createdAt < other.createdAt ? -1 : 1
    return depth(one.name) - depth(other.name) || (one.name < other.name ? -1 : 1)
  })
}
