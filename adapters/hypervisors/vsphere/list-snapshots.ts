import { StillshotError } from '../../../src/errors.ts'
import type { Snapshot, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { writeDescription } from './description.ts'
import { containedDisks, readHardware } from './hardware.ts'
import { readObjects } from './properties.ts'
import type { Site } from './site.ts'
import { readTree, snapshotNamed, snapshotWith, type TreeSnapshot } from './snapshot-tree.ts'
import { runningTask } from './tasks.ts'
import { isCode } from './vsphere-errors.ts'

/**
 * Oldest first. `vm-locked` while a snapshot is on its way that the tree does not have yet: that it is not there would not
 * mean that it will not come.
 */
export async function listSnapshots(site: Site, vm: Vm, call: Call): Promise<readonly Snapshot[]> {
  const running = await runningTask(site, vm, call, 'create')
  const { snapshots } = await readTree(site, vm, call)
  if (running !== undefined && (await runningTask(site, vm, call, 'create')) !== undefined) {
    throw new StillshotError('vm-locked', `vSphere works at a snapshot of ${vm.name} that is not in its tree yet`)
  }
  if (running !== undefined) return listSnapshots(site, vm, call)
  const disks = await disksOf(site, vm, snapshots, call)
  // Without an entry it has gone meanwhile.
  return snapshots.flatMap((snapshot) => {
    const contained = disks.get(snapshot.object.value)
    return contained === undefined ? [] : [snapshotWith(snapshot, contained)]
  })
}

/** The disks of each snapshot's own hardware, by its id. */
export async function disksOf(
  site: Site,
  vm: Vm,
  snapshots: readonly TreeSnapshot[],
  call: Call,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { snapshotDisks } = site
  const errand = { call, doing: `look at the snapshots of ${vm.name}` }
  const unknown = snapshots.map(({ object }) => object).filter(({ value }) => !snapshotDisks.has(value))
  for (const { object, properties } of await readObjects(site.session, unknown, ['config.hardware.device'], errand)) {
    snapshotDisks.set(object.value, containedDisks(readHardware(properties['config.hardware.device'], false)))
  }
  return snapshotDisks
}

/** Replaces the caller's text; a mark of ours stays. */
export async function describeSnapshot(site: Site, vm: Vm, name: string, text: string, call: Call): Promise<void> {
  const { mark } = snapshotNamed(vm, await readTree(site, vm, call), name)
  await storeDescription(site, vm, name, writeDescription({ text, mark }), call)
}

/** A lost answer is settled by reading it back. */
export async function storeDescription(
  site: Site,
  vm: Vm,
  name: string,
  description: string,
  call: Call,
): Promise<void> {
  const { object } = snapshotNamed(vm, await readTree(site, vm, call), name)
  const errand = { call, doing: `describe snapshot ${name} of ${vm.name}` }
  try {
    await site.session.call('RenameSnapshot', object, { description }, errand)
  } catch (error) {
    if (!isCode(error, 'answer-lost') || call.signal.aborted) throw error
    const { text, mark } = snapshotNamed(vm, await readTree(site, vm, call), name)
    if (writeDescription({ text, mark }) !== description) throw error
  }
}
