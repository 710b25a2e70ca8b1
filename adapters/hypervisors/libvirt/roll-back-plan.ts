import { StillshotError } from '../../../src/errors.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import { isUlid } from '../../../src/system/ulid.ts'
import { chainOf, type ImageGraph, isNeeded, overlaysOf } from './image-graph.ts'
import { overlayNames, rollBackEnding } from './image-names.ts'
import { isBeingRemoved } from './removal-mark.ts'
import type { DomainSnapshot } from './snapshot-xml.ts'
import type { VmState } from './vm-state.ts'

/** By disk (target): what the snapshot froze, and the overlay that a roll back or a copy lays on it. */
export interface OverlayPlan {
  readonly frozen: ReadonlyMap<string, string>
  /** Formats of the frozen images, as the snapshot recorded them. */
  readonly formats: ReadonlyMap<string, string>
  readonly overlays: ReadonlyMap<string, string>
}

/** Pure. The same snapshot and token give the same files. Rejects when this snapshot cannot be rolled back to. */
export function planRollBack(
  vm: Vm,
  state: VmState,
  snapshot: DomainSnapshot,
  token: string,
  folder: string,
): OverlayPlan {
  return planOverlays(vm, state, snapshot, { ending: rollBackEnding(token), folder, use: 'rolled back to' })
}

/** Overlays with this ending on all that the snapshot froze. Pure; rejects when it cannot be put to that `use`. */
export function planOverlays(
  vm: Vm,
  state: VmState,
  snapshot: DomainSnapshot,
  { ending, folder, use }: { ending: string; folder: string; use: string },
): OverlayPlan {
  const frozen = new Map<string, string>()
  const formats = new Map<string, string>()
  const refuse = (why: string) =>
    new StillshotError('snapshot-unsupported', `snapshot ${snapshot.name} of ${vm.name} cannot be ${use}: ${why}`, {
      hint: 'pick another restore point, or do it by hand',
    })
  if (isBeingRemoved(snapshot)) throw refuse('its removal was interrupted; run the removal again')
  for (const disk of snapshot.disks) {
    if (disk.kind === 'internal') throw refuse(`disk ${disk.target} is inside its image, taken by somebody else`)
    if (disk.frozen === undefined) throw refuse(`libvirt does not know the image of disk ${disk.target}`)
    if (!state.definition.disks.some((one) => one.target === disk.target)) {
      throw refuse(`the VM has no disk ${disk.target} any more`)
    }
    frozen.set(disk.target, disk.frozen)
    formats.set(disk.target, disk.format)
  }
  if (frozen.size === 0) throw refuse('it contains no disk')
  return { frozen, formats, overlays: overlayNames(frozen, ending, folder) }
}

/** Whether the VM starts from, or by now stands on, overlays of this token. */
export function isRolledBack(state: VmState, graph: ImageGraph, token: string): boolean {
  return state.definition.disks.some(({ image }) => {
    return image !== undefined && chainOf(graph, image).some((one) => isOfToken(one, token))
  })
}

/** Files of this token that nobody uses: what a half roll back left. */
export function strayOverlays(graph: ImageGraph, token: string): readonly string[] {
  return [...graph.images.keys()].filter((image) => isOfToken(image, token) && !isNeeded(graph, image))
}

/**
 * Images that the VM wrote into before a roll back and that no snapshot holds: overlays on an image which one of its
 * snapshots froze, with nothing above, made by a snapshot or a roll back of this VM. Not just any overlay: a clone for
 * a drill stands on such an image, too.
 */
export function abandonedOverlays(state: VmState, graph: ImageGraph): readonly string[] {
  const made = new Set(state.snapshots.flatMap((snapshot) => snapshot.overlays))
  return [...new Set(frozenImages(state).flatMap((image) => overlaysOf(graph, image)))].filter(
    (image) => (made.has(image) || isOverlayOfRollBack(image)) && !isNeeded(graph, image),
  )
}

/** All images that snapshots of the VM hold. */
export function frozenImages(state: VmState): readonly string[] {
  return state.snapshots.flatMap((snapshot) => snapshot.disks.flatMap((disk) => disk.frozen ?? []))
}

/** `.new` is an overlay of which the making was interrupted. */
function isOfToken(image: string, token: string): boolean {
  const ending = `.${rollBackEnding(token)}`
  return image.endsWith(ending) || image.endsWith(`${ending}.new`)
}

/** By the token of a run, a ULID: other people may name a file of theirs `.back-…`, too. */
function isOverlayOfRollBack(image: string): boolean {
  return isUlid(/\.back-([^.]*)(\.new)?$/.exec(image)?.[1] ?? '')
}
