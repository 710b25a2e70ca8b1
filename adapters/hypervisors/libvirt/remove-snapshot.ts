import { unlink } from 'node:fs/promises'
import { StillshotError } from '../../../src/errors.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { redefineSnapshot } from './change-xml.ts'
import type { LibvirtHost } from './host.ts'
import { readImageGraph } from './image-graph.ts'
import { isSettled, unsettled } from './list-snapshots.ts'
import { mergeOne } from './merge-one.ts'
import { markedForRemoval, type PlannedMerge, plannedMerges } from './removal-mark.ts'
import { planRemoval } from './removal-plan.ts'
import { readVmState, type StoredSnapshot, type VmState } from './vm-state.ts'

/**
 * Merges the one overlay of each image that the snapshot froze into that image, moves everything that stood on the
 * overlay, and forgets the snapshot. Done here and not by `snapshot-delete`, which trusts its own records of the chain
 * (libvirt 9.0 fails after a roll back by hand, later ones differ). Each step may be done twice: what a crash
 * interrupted goes on with the next call. See docs/decisions/0004-libvirt-roll-back-by-hand.md.
 */
export async function removeSnapshot(
  host: LibvirtHost,
  vm: Vm,
  name: string,
  options: CallOptions = {},
): Promise<void> {
  const found = await findSettled(host, vm, name, options)
  if (found === undefined) return
  const { state, snapshot } = found
  const request = { ...options, doing: `remove snapshot ${name} of ${vm.name}`, change: true }
  if (snapshot.disks.some((disk) => disk.kind === 'internal')) {
    await host.session.run([['snapshot-delete', vm.nativeId, name]], request)
    return
  }
  if (!host.local) {
    throw new StillshotError('not-supported', `the images of ${vm.name} are on another machine: ${host.uri}`, {
      hint: 'run stillshot on the host itself, or remove the snapshot there by hand',
    })
  }
  const graph = await readImageGraph(host, imagesOf(snapshot), options)
  const begun = plannedMerges(snapshot) ?? []
  const rest = snapshot.disks.filter(({ target }) => !begun.some((merge) => merge.target === target))
  const plan = planRemoval(vm, state, { ...snapshot, disks: rest }, graph)
  let merges: readonly PlannedMerge[] = [...begun, ...plan.merges]
  const mark = () => redefineSnapshot(host, vm.nativeId, markedForRemoval(snapshot, merges), request)
  if (plan.merges.length > 0) await mark()
  for (const merge of merges) {
    const markCommitted = () => {
      merges = merges.map((one) => (one.target === merge.target ? { ...one, committed: true } : one))
      return mark()
    }
    await mergeOne(host, vm, name, merge, markCommitted, options)
  }
  await discard([...merges.map((merge) => merge.top), ...plan.discards])
  await forget(host, vm, snapshot, options)
}

/** Undefined when it is not there and will not be: a snapshot that waits for its turn in libvirt is not listed yet. */
async function findSettled(
  host: LibvirtHost,
  vm: Vm,
  name: string,
  options: CallOptions,
): Promise<{ readonly state: VmState; readonly snapshot: StoredSnapshot } | undefined> {
  for (const isLast of [false, true]) {
    const state = await readVmState(host, vm, options)
    const snapshot = state.snapshots.find((one) => one.name === name)
    if (snapshot !== undefined) return { state, snapshot }
    if (!isLast && !(await isSettled(host, vm, options))) throw unsettled(vm)
  }
  return undefined
}

async function forget(host: LibvirtHost, vm: Vm, snapshot: StoredSnapshot, options: CallOptions): Promise<void> {
  const doing = `forget snapshot ${snapshot.name} of ${vm.name}`
  await host.session
    .run([['snapshot-delete', vm.nativeId, snapshot.name, '--metadata']], { ...options, doing, change: true })
    .catch((error) => {
      if (error instanceof StillshotError && error.code === 'snapshot-not-found') return
      throw error
    })
}

function imagesOf(snapshot: StoredSnapshot): readonly string[] {
  return snapshot.disks.flatMap((disk) => disk.frozen ?? [])
}

async function discard(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await unlink(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
  }
}
