import type { Merge } from './merge-live.ts'
import { type DomainSnapshot, withDescription } from './snapshot-xml.ts'

/**
 * Begins the description of a snapshot while a merge takes its images away, and holds the plan of that merge, so that
 * an interrupted one goes on by it instead of guessing. libvirt has no other place for this that survives our death.
 */
const MARK = /^\[removal under way (\{.*?\})\] /s

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
export function plannedMerges(snapshot: DomainSnapshot): readonly Merge[] | undefined {
  const plan = MARK.exec(snapshot.description)?.[1]
  if (plan === undefined) return undefined
  const tops = JSON.parse(plan) as Readonly<Record<string, string>>
  return snapshot.disks.flatMap(({ target, frozen }) => {
    const top = tops[target]
    return top === undefined || frozen === undefined ? [] : [{ target, base: frozen, top }]
  })
}

/** The snapshot's XML with the mark. */
export function markedForRemoval(
  snapshot: DomainSnapshot & { readonly xml: string },
  merges: readonly Merge[],
): string {
  const plan = JSON.stringify(Object.fromEntries(merges.map(({ target, top }) => [target, top])))
  return withDescription(snapshot.xml, `[removal under way ${plan}] ${bareDescription(snapshot)}`)
}
