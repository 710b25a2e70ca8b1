import { StillshotError } from '../../../src/errors.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import { type Holder, headerOf, holdersOf, type ImageGraph, overlaysOf } from './image-graph.ts'
import type { Merge } from './merge-live.ts'
import type { DomainSnapshot } from './snapshot-xml.ts'
import type { VmState } from './vm-state.ts'

/** What removing a snapshot does to the images. */
export interface Removal {
  readonly merges: readonly Merge[]
  /** Images that nobody needs once the snapshot is gone. */
  readonly discards: readonly string[]
}

/**
 * Whether the data of `top` is in `base` already and what stood on `top` is being moved. `top` was the only overlay of
 * `base` when the merge was planned, so any other one, or a VM that starts from `base`, came after the commit; to commit
 * again would then put old data over new.
 */
export function isCommitted(merge: Merge, state: VmState, graph: ImageGraph): boolean {
  if (headerOf(graph, merge.top) === undefined) return true
  const active = [...state.live.disks, ...state.definition.disks].map((disk) => disk.image)
  return active.includes(merge.base) || overlaysOf(graph, merge.base).some((image) => image !== merge.top)
}

/** Pure: decides from what was read. Rejects with `snapshot-has-branches` before anything is touched. */
export function planRemoval(vm: Vm, state: VmState, snapshot: DomainSnapshot, graph: ImageGraph): Removal {
  const merges: Merge[] = []
  const discards: string[] = []
  for (const { target, frozen } of snapshot.disks) {
    if (frozen === undefined || isHeldByOther(vm, snapshot, frozen, graph)) continue
    const overlays = overlaysOf(graph, frozen)
    const [top, second] = overlays
    if (second !== undefined) throw hasBranches(vm, snapshot, frozen, overlays)
    if (top !== undefined) {
      if (!isOwn(vm, top, graph)) throw hasBranches(vm, snapshot, frozen, overlays)
      merges.push({ target, base: frozen, top })
    } else if (isOverlay(graph, frozen) && !isActive(state, frozen)) {
      discards.push(frozen)
    }
  }
  return { merges, discards }
}

/** Another snapshot of the same state, or another VM that starts from the image. */
function isHeldByOther(vm: Vm, snapshot: DomainSnapshot, image: string, graph: ImageGraph): boolean {
  return holdersOf(graph, image).some((holder) => holder.uuid !== vm.nativeId || isOther(snapshot, holder))
}

function isOther(snapshot: DomainSnapshot, holder: Holder): boolean {
  return holder.snapshot !== undefined && holder.snapshot !== snapshot.name
}

/** Whether only this VM stands on the image: anybody else would see its base change. */
function isOwn(vm: Vm, image: string, graph: ImageGraph): boolean {
  const above = [image]
  for (const at of above) above.push(...overlaysOf(graph, at).filter((one) => !above.includes(one)))
  const holders = above.flatMap((at) => holdersOf(graph, at))
  return holders.length > 0 && holders.every((holder) => holder.uuid === vm.nativeId)
}

function isOverlay(graph: ImageGraph, image: string): boolean {
  return headerOf(graph, image)?.backing !== undefined
}

function isActive(state: VmState, image: string): boolean {
  return [...state.live.disks, ...state.definition.disks].some((disk) => disk.chain.includes(image))
}

function hasBranches(vm: Vm, snapshot: DomainSnapshot, image: string, overlays: readonly string[]): StillshotError {
  return new StillshotError(
    'snapshot-has-branches',
    `snapshot ${snapshot.name} of ${vm.name} cannot be merged: ${overlays.join(', ')} stand on ${image}`,
    { details: { image, overlays } },
  )
}
