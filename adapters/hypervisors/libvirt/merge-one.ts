import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { redefineSnapshot, runWithXml } from './change-xml.ts'
import { elementWithImages } from './domain-xml.ts'
import type { LibvirtHost } from './host.ts'
import { formatIn, guessedOverlaysOf, headerOf, type ImageGraph, overlaysOf, readImageGraph } from './image-graph.ts'
import { type Merge, mergeLive } from './merge-live.ts'
import { qemuImg } from './qemu-img.ts'
import type { PlannedMerge } from './removal-mark.ts'
import { hasBranches, isCommitted, strangersOn } from './removal-plan.ts'
import { withFrozenImages } from './snapshot-xml.ts'
import { readVmState } from './vm-state.ts'
import { formatXml, parseXml } from './xml-tree.ts'

/**
 * One overlay into its base, and what stood on the overlay onto the base. `markCommitted` is awaited between the two.
 * May be done again after any end. `snapshot-has-branches` when something else stands on the base before the commit,
 * or on the overlay after it.
 */
export async function mergeOne(
  host: LibvirtHost,
  vm: Vm,
  snapshotName: string,
  merge: PlannedMerge,
  markCommitted: () => Promise<void>,
  options: CallOptions = {},
): Promise<void> {
  const state = await readVmState(host, vm, options)
  const before = await readImageGraph(host, [merge.base, merge.top], options)
  const isDone = isCommitted(merge, state, before)
  const strangers = isDone ? [] : strangersOn(merge, before)
  if (strangers.length > 0) throw hasBranches(vm, snapshotName, merge.base, strangers)
  const liveDisk = state.live.disks.find((disk) => disk.target === merge.target)
  // Also when the mark says that it is done: what QEMU has open only QEMU can move, and the data is the same.
  if (state.power !== 'off' && liveDisk?.chain.includes(merge.top)) await mergeLive(host, vm, merge, options)
  else if (!isDone) await commit(merge, before, options)
  if (!merge.committed) await markCommitted()
  const after = await readImageGraph(host, [merge.base, merge.top], options)
  const guessed = guessedOverlaysOf(after, merge.top)
  if (guessed.length > 0) throw hasBranches(vm, snapshotName, merge.top, guessed)
  for (const image of overlaysOf(after, merge.top)) {
    // QEMU has moved what it has open; this is for the other branches.
    await putOn(image, merge.base, after, options)
  }
  await moveRecords(host, vm, merge, after, options)
}

/** qemu-img takes the base's format from the overlay's header, where it must not be left to the base's first bytes. */
async function commit(merge: PlannedMerge, graph: ImageGraph, options: CallOptions): Promise<void> {
  if (headerOf(graph, merge.top)?.backingFormat !== formatIn(graph)(merge.base)) {
    await putOn(merge.top, merge.base, graph, options)
  }
  const words = ['commit', '-q', '-d', '-f', 'qcow2', '-b', merge.base, merge.top]
  await qemuImg(words, `merge ${merge.top} into ${merge.base}`, options)
}

async function putOn(image: string, base: string, graph: ImageGraph, options: CallOptions): Promise<void> {
  const words = ['rebase', '-u', '-f', 'qcow2', '-F', formatIn(graph)(base), '-b', base, image]
  await qemuImg(words, `put ${image} on ${base}`, options)
}

/** libvirt's own records of the VM and its snapshots follow. */
async function moveRecords(host: LibvirtHost, vm: Vm, merge: Merge, graph: ImageGraph, options: CallOptions) {
  const state = await readVmState(host, vm, options)
  const request = { ...options, doing: `move ${vm.name} from ${merge.top} to ${merge.base}`, change: true }
  const to = new Map([[merge.target, merge.base]])
  for (const snapshot of state.snapshots) {
    const disk = snapshot.disks.find((one) => one.target === merge.target)
    if (disk?.frozen !== merge.top) continue
    await redefineSnapshot(host, vm.nativeId, withFrozenImages(snapshot.xml, to, formatIn(graph)), request)
  }
  const defined = state.definition.disks.find((disk) => disk.target === merge.target)
  if (defined === undefined || !defined.chain.includes(merge.top)) return
  await defineOn(
    host,
    vm,
    defined.image === merge.top ? to : new Map([[merge.target, defined.image ?? '']]),
    graph,
    request,
  )
}

async function defineOn(
  host: LibvirtHost,
  vm: Vm,
  images: ReadonlyMap<string, string>,
  graph: ImageGraph,
  request: CallOptions & { readonly doing: string },
): Promise<void> {
  const [xml = ''] = await host.session.run([['dumpxml', vm.nativeId, '--inactive', '--security-info']], request)
  const moved = formatXml(elementWithImages(parseXml(xml), images, formatIn(graph)))
  await runWithXml(host, moved, (path) => [['define', path]], request)
}
