import { StillshotError } from '../../../src/errors.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import { type Holder, headerOf, holdersOf, type ImageGraph, isAmong, overlaysOf } from './image-graph.ts'
import type { PlannedMerge } from './removal-mark.ts'
import type { DomainSnapshot } from './snapshot-xml.ts'
import type { VmState } from './vm-state.ts'

/** What removing a snapshot does to the images. */
export interface Removal {
  readonly merges: readonly PlannedMerge[]
  /** Images that nobody needs once the snapshot is gone. */
  readonly discards: readonly string[]
}

/**
 * Whether the data of `top` is in `base` already; to commit again would then put old data over new. Known from the mark,
 * and where death came between QEMU's own switch and the mark, from the VM itself: it starts from `base`, or an overlay
 * that stood on `top` now stands on `base`. Any other overlay on `base` proves nothing: somebody may have cloned it.
 */
export function isCommitted(merge: PlannedMerge, state: VmState, graph: ImageGraph): boolean {
  if (merge.committed || headerOf(graph, merge.top) === undefined) return true
  const active = [...state.live.disks, ...state.definition.disks].map((disk) => disk.image)
  return (
    active.includes(merge.base) || overlaysOf(graph, merge.base).some((image) => isAmong(graph, merge.above, image))
  )
}

/** What stands on `base` and has no part in the merge: a commit would change it under its feet. */
export function strangersOn(merge: PlannedMerge, graph: ImageGraph): readonly string[] {
  return overlaysOf(graph, merge.base).filter((image) => !isAmong(graph, [merge.top], image))
}

/** Pure: decides from what was read. Rejects with `snapshot-has-branches` before anything is touched. */
export function planRemoval(vm: Vm, state: VmState, snapshot: DomainSnapshot, graph: ImageGraph): Removal {
  const merges: PlannedMerge[] = []
  const discards: string[] = []
  for (const { target, frozen } of snapshot.disks) {
    if (frozen === undefined || isHeldByOther(vm, snapshot, frozen, graph)) continue
    const overlays = overlaysOf(graph, frozen)
    const [top, second] = overlays
    if (second !== undefined) throw hasBranches(vm, snapshot.name, frozen, overlays)
    if (top !== undefined) {
      if (!isOwn(vm, top, graph)) throw hasBranches(vm, snapshot.name, frozen, overlays)
      merges.push({ target, base: frozen, top, above: overlaysOf(graph, top), committed: false })
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

/**
 * Whether only this VM stands on the image: anybody else would see its base change. Nor does an image count that only
 * its own header calls an overlay: a guest may have written that.
 */
function isOwn(vm: Vm, image: string, graph: ImageGraph): boolean {
  const above = [image]
  for (const at of above) above.push(...overlaysOf(graph, at).filter((one) => !above.includes(one)))
  if (above.some((at) => graph.guessed.has(at))) return false
  const holders = above.flatMap((at) => holdersOf(graph, at))
  return holders.length > 0 && holders.every((holder) => holder.uuid === vm.nativeId)
}

function isOverlay(graph: ImageGraph, image: string): boolean {
  return headerOf(graph, image)?.backing !== undefined
}

function isActive(state: VmState, image: string): boolean {
  return [...state.live.disks, ...state.definition.disks].some((disk) => disk.chain.includes(image))
}

/** Also for what came to stand there after the removal had begun. */
export function hasBranches(vm: Vm, snapshotName: string, image: string, overlays: readonly string[]): StillshotError {
  return new StillshotError(
    'snapshot-has-branches',
    `snapshot ${snapshotName} of ${vm.name} cannot be merged: ${overlays.join(', ')} stand on ${image}`,
    { details: { image, overlays } },
  )
}
