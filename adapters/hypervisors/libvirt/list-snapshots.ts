import { StillshotError } from '../../../src/errors.ts'
import type { Snapshot, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { redefineSnapshot } from './change-xml.ts'
import { readDomain } from './domain-xml.ts'
import type { LibvirtHost } from './host.ts'
import { bareDescription, isBeingRemoved, markOf } from './removal-mark.ts'
import { type DomainSnapshot, withDescription } from './snapshot-xml.ts'
import { readSnapshots, readVmState, snapshotNamed } from './vm-state.ts'

/** How long to wait for a change that libvirt may still be at; after that a newest snapshot that is not in use counts as incomplete. */
const BARRIER_MS = 5_000

/** Oldest first; two of the same second in the order of their parents. */
export async function listSnapshots(
  host: LibvirtHost,
  vm: Vm,
  options: CallOptions = {},
): Promise<readonly Snapshot[]> {
  const settled = await isSettled(host, vm, options)
  const request = { ...options, doing: `list the snapshots of ${vm.name}` }
  const stored = await readSnapshots(host, vm.nativeId, request)
  const newest = sorted(stored).at(-1)
  const making = settled || newest === undefined || (await isInUse(host, vm, newest, options)) ? undefined : newest
  return sorted(stored).map((snapshot) => publicSnapshot(snapshot, snapshot !== making))
}

/** Whether the VM writes into the snapshot's overlays already: then the change that libvirt is at is another one. */
async function isInUse(host: LibvirtHost, vm: Vm, snapshot: DomainSnapshot, options: CallOptions): Promise<boolean> {
  const [xml = ''] = await host.session.run([['dumpxml', vm.nativeId]], { ...options, doing: `look at ${vm.name}` })
  const active = readDomain(xml).disks.map((disk) => disk.image)
  return snapshot.overlays.length > 0 && snapshot.overlays.every((overlay) => active.includes(overlay))
}

/** Replaces the description; everything else that libvirt keeps stays. Idempotent. */
export async function describeSnapshot(
  host: LibvirtHost,
  vm: Vm,
  name: string,
  description: string,
  options: CallOptions = {},
): Promise<void> {
  const snapshot = snapshotNamed(vm, await readVmState(host, vm, options), name)
  const doing = `describe snapshot ${name} of ${vm.name}`
  await redefineSnapshot(host, vm.nativeId, withDescription(snapshot.xml, markOf(snapshot) + description), {
    ...options,
    doing,
  })
}

export function publicSnapshot(snapshot: DomainSnapshot, complete: boolean): Snapshot {
  return {
    name: snapshot.name,
    description: bareDescription(snapshot),
    createdAt: snapshot.createdAt,
    ...(snapshot.parent === undefined ? {} : { parent: snapshot.parent }),
    complete: complete && !isBeingRemoved(snapshot),
    disks: snapshot.disks.map((disk) => disk.target),
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
