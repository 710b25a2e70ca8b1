import type { Merge } from './merge-live.ts'
import { type DomainSnapshot, withDescription } from './snapshot-xml.ts'

/**
 * Begins the description of a snapshot while a merge takes its images away, and holds the plan of that merge, so that
 * an interrupted one goes on by it instead of guessing. libvirt has no other place for this that survives our death.
 */
const MARK = /^\[removal under way (\{.*?\})\] /s

export interface PlannedMerge extends Merge {
  /** What stood on `top` when the merge was planned. */
  readonly above: readonly string[]
  /** True once the data of `top` is in `base` for certain; written before anything is moved from `top`. */
  readonly committed: boolean
}

export function isBeingRemoved(snapshot: DomainSnapshot): boolean {
  return MARK.test(snapshot.description)
}

/** The description without the mark. */
export function bareDescription(snapshot: DomainSnapshot): string {
  return snapshot.description.replace(MARK, '')
}

/** The mark itself, to be kept in front of a new description; empty without one. */
export function markOf(snapshot: DomainSnapshot): string {
  return MARK.exec(snapshot.description)?.[0] ?? ''
}

/** The merges that an earlier attempt had planned; undefined when there was none. */
export function plannedMerges(snapshot: DomainSnapshot): readonly PlannedMerge[] | undefined {
  const plan = MARK.exec(snapshot.description)?.[1]
  if (plan === undefined) return undefined
  const byTarget = JSON.parse(plan) as Readonly<Record<string, Pick<PlannedMerge, 'top' | 'above' | 'committed'>>>
  return snapshot.disks.flatMap(({ target, frozen }) => {
    const merge = byTarget[target]
    return merge === undefined || frozen === undefined ? [] : [{ target, base: frozen, ...merge }]
  })
}

/** The snapshot's XML with the mark. */
export function markedForRemoval(
  snapshot: DomainSnapshot & { readonly xml: string },
  merges: readonly PlannedMerge[],
): string {
  const byTarget = merges.map(({ target, top, above, committed }) => [target, { top, above, committed }])
  const plan = JSON.stringify(Object.fromEntries(byTarget))
  return withDescription(snapshot.xml, `[removal under way ${plan}] ${bareDescription(snapshot)}`)
}
