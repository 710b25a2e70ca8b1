import { unlink } from 'node:fs/promises'
import type { RollBackRequest, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { redefineSnapshot } from './change-xml.ts'
import type { LibvirtHost } from './host.ts'
import { readImageGraph } from './image-graph.ts'
import { rollBackEnding } from './image-names.ts'
import { abandonedOverlays, frozenImages } from './roll-back-plan.ts'
import { hasRevertDisks, withOverlays, withRevertDisks } from './snapshot-xml.ts'
import { readVmState, type StoredSnapshot, type VmState } from './vm-state.ts'

/**
 * After the commit point: libvirt's records say what was done, and images that nobody needs any more go. The VM is
 * right without any of this, so it may be interrupted and done again.
 */
export async function tidyAfterRollBack(
  host: LibvirtHost,
  vm: Vm,
  request: RollBackRequest,
  options: CallOptions = {},
): Promise<void> {
  const state = await readVmState(host, vm, options)
  const snapshot = state.snapshots.find((one) => one.name === request.snapshotName)
  const overlays = new Map(
    state.definition.disks.flatMap(({ target, image }): [string, string][] =>
      image?.endsWith(`.${rollBackEnding(request.token)}`) ? [[target, image]] : [],
    ),
  )
  const graph = await readImageGraph(host, [...overlays.values(), ...frozenImages(state)], options)
  // Before the record of them is replaced: it is what tells them from other people's overlays.
  for (const image of abandonedOverlays(state, graph)) await unlink(image)
  if (snapshot !== undefined && overlays.size > 0) await record(host, vm, state, snapshot, overlays, options)
}

/**
 * The snapshot becomes libvirt's current one, so that the next stands on it, and its overlay is recorded as libvirt 10
 * records its own reverts. Otherwise a revert by virsh would later delete an image that another snapshot needs: it
 * deletes what the current snapshot's record names.
 */
async function record(
  host: LibvirtHost,
  vm: Vm,
  state: VmState,
  snapshot: StoredSnapshot,
  overlays: ReadonlyMap<string, string>,
  options: CallOptions,
): Promise<void> {
  const request = { ...options, doing: `record the roll back of ${vm.name} to ${snapshot.name}`, change: true }
  await host.session.run([['snapshot-current', vm.nativeId, snapshot.name]], request)
  const hasChildren = state.snapshots.some((one) => one.parent === snapshot.name)
  if (hasChildren) {
    await redefineSnapshot(host, vm.nativeId, withRevertDisks(snapshot.xml, overlays), request)
    const [xml = ''] = await host.session.run([['snapshot-dumpxml', vm.nativeId, snapshot.name]], request)
    if (hasRevertDisks(xml)) return
  }
  await redefineSnapshot(host, vm.nativeId, withOverlays(snapshot.xml, overlays), request)
}
