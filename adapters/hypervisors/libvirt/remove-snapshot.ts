import { unlink } from 'node:fs/promises'
import { StillshotError } from '../../../src/errors.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { redefineSnapshot, runWithXml } from './change-xml.ts'
import { elementWithImages } from './domain-xml.ts'
import type { LibvirtHost } from './host.ts'
import { formatIn, type ImageGraph, overlaysOf, readImageGraph } from './image-graph.ts'
import { type Merge, mergeLive } from './merge-live.ts'
import { qemuImg } from './qemu-img.ts'
import { markedForRemoval, plannedMerges } from './removal-mark.ts'
import { isCommitted, planRemoval } from './removal-plan.ts'
import { withFrozenImages } from './snapshot-xml.ts'
import { readVmState, type StoredSnapshot } from './vm-state.ts'
import { formatXml, parseXml } from './xml-tree.ts'

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
  const state = await readVmState(host, vm, options)
  const snapshot = state.snapshots.find((one) => one.name === name)
  if (snapshot === undefined) return
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
  const merges = [...begun, ...plan.merges]
  if (plan.merges.length > 0) await redefineSnapshot(host, vm.nativeId, markedForRemoval(snapshot, merges), request)
  for (const merge of merges) await mergeOne(host, vm, merge, options)
  await discard([...merges.map((merge) => merge.top), ...plan.discards])
  await forget(host, vm, snapshot, options)
}

async function mergeOne(host: LibvirtHost, vm: Vm, merge: Merge, options: CallOptions): Promise<void> {
  const state = await readVmState(host, vm, options)
  const before = await readImageGraph(host, [merge.base], options)
  const liveDisk = state.live.disks.find((disk) => disk.target === merge.target)
  if (state.power !== 'off' && liveDisk?.chain.includes(merge.top)) {
    await mergeLive(host, vm, merge, options)
  } else if (!isCommitted(merge, state, before)) {
    const doing = `merge ${merge.top} into ${merge.base}`
    await qemuImg(['commit', '-q', '-d', '-f', 'qcow2', '-b', merge.base, merge.top], doing, options)
  }
  const after = await readImageGraph(host, [merge.base], options)
  for (const image of overlaysOf(after, merge.top)) {
    // QEMU has moved what it has open; this is for the other branches.
    const words = ['-u', '-f', 'qcow2', '-F', formatIn(after)(merge.base), '-b', merge.base, image]
    await qemuImg(['rebase', ...words], `put ${image} on ${merge.base}`, options)
  }
  await moveRecords(host, vm, merge, after, options)
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
