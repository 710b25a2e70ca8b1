import type { Snapshot } from '../hypervisor/hypervisor.ts'
import { parseInstant } from '../system/instant.ts'

/** When a freeze was asked for, had stopped everything, and was ended: by the coordinator's clock. */
export interface FreezeWindow {
  readonly calledMs: number
  readonly heldMs: number
  readonly releasedMs: number
  /** Why these times may be wrong, by how much nobody knows; lower case, no full stop. */
  readonly doubt?: string
}

/** The hypervisor rounds to seconds, and its clock and the coordinator's may be apart by as much. */
const CLOCK_SLACK_MS = 1_000

/** How long before the agent is asked to freeze a snapshot may have been begun. */
const BEFORE_CALL_MS = 10_000

/** A freeze that ended so long ago has all its neighbours: whatever could be taken for its snapshot is in the list. */
export const SETTLED_AFTER_MS = BEFORE_CALL_MS + 2 * CLOCK_SLACK_MS

export interface Match {
  /** `none`: no snapshot of that time; it may have been for a backup. */
  readonly kind: 'one' | 'uncertain' | 'none'
  readonly snapshots: readonly Snapshot[]
  /** Why it is not certain that the point in time lies inside the hold; lower case, no full stop. */
  readonly why?: string
}

/**
 * The one snapshot that a freeze was made for. Hypervisors date a snapshot when they begin it, so one that froze the guest
 * is dated just before the freeze was asked for; one that was taken of a frozen guest is dated inside the hold. What is
 * dated in between was begun while the server was still being stopped: nobody can tell which came first. Any other snapshot
 * or freeze of that time makes it uncertain, too. Pure.
 */
export function matchSnapshot(
  freeze: FreezeWindow,
  others: readonly FreezeWindow[],
  foreign: readonly Snapshot[],
): Match {
  const near = foreign.filter((snapshot) => isNear(freeze, snapshot))
  const [snapshot] = near
  if (snapshot === undefined) return { kind: 'none', snapshots: [] }
  const uncertain = (why: string): Match => ({ kind: 'uncertain', snapshots: near, why })
  if (near.length > 1) return uncertain(`${near.length} snapshots were begun at that time`)
  if (freeze.doubt !== undefined) return uncertain(freeze.doubt)
  if (others.some((other) => other.doubt !== undefined || isNear(other, snapshot))) {
    return uncertain('the guest was, or may have been, frozen twice at that time')
  }
  const createdMs = parseInstant(snapshot.createdAt)
  const askedFor = createdMs <= freeze.calledMs + CLOCK_SLACK_MS
  const ofFrozen = createdMs >= freeze.heldMs && createdMs <= freeze.releasedMs
  if (askedFor || ofFrozen) return { kind: 'one', snapshots: near }
  return uncertain('it was begun while the server was still being stopped, or when it had been started again')
}

function isNear({ calledMs, releasedMs }: FreezeWindow, { createdAt }: Snapshot): boolean {
  const createdMs = parseInstant(createdAt)
  return createdMs >= calledMs - BEFORE_CALL_MS - CLOCK_SLACK_MS && createdMs <= releasedMs + CLOCK_SLACK_MS
}
