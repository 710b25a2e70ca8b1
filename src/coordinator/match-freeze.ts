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

/** How long before the agent is asked to freeze a snapshot or backup may have been begun. */
const BEFORE_CALL_MS = 10_000

/** A freeze that ended so long ago has all its neighbours: whatever could be taken for its snapshot is in the list. */
export const SETTLED_AFTER_MS = BEFORE_CALL_MS + 2 * CLOCK_SLACK_MS

/** What a freeze may have been made for. */
export interface Matchable {
  readonly createdAt: string
  /** False where it is known that whoever made it does not freeze the guest. */
  readonly freezes: boolean
  /** It holds the VM's memory too. */
  readonly memory?: true
}

export interface Match<Copy extends Matchable> {
  /** `none`: nothing of that time is listed. */
  readonly kind: 'one' | 'uncertain' | 'none'
  readonly copies: readonly Copy[]
  /** Why it is not certain that the point in time lies inside the hold; lower case, no full stop. */
  readonly why?: string
}

/**
 * The one snapshot or backup that a freeze was made for. Hypervisors date it when they begin it, so one that froze the guest is
 * dated just before the freeze was asked for; one that was taken of a frozen guest is dated inside the hold. What is dated in
 * between was begun while the server was still being stopped: nobody can tell which came first. Any other copy or freeze of that
 * time makes it uncertain, too. Pure.
 */
export function matchFreeze<Copy extends Matchable>(
  freeze: FreezeWindow,
  others: readonly FreezeWindow[],
  foreign: readonly Copy[],
): Match<Copy> {
  const near = foreign.filter((copy) => isNear(freeze, copy))
  const [copy] = near
  if (copy === undefined) return { kind: 'none', copies: [] }
  const uncertain = (why: string): Match<Copy> => ({ kind: 'uncertain', copies: near, why })
  if (near.length > 1) return uncertain(`${near.length} snapshots or backups were begun at that time`)
  if (freeze.doubt !== undefined) return uncertain(freeze.doubt)
  if (others.some((other) => other.doubt !== undefined || isNear(other, copy))) {
    return uncertain('the guest was, or may have been, frozen twice at that time')
  }
  // None freezes the guest for it, and its point in time is when all of the memory has been written: long after its date.
  if (copy.memory) return uncertain('it holds the memory too, so its point in time is not known')
  if (!copy.freezes) return uncertain('whoever made it does not freeze the guest')
  if (wasFrozenFor(freeze, copy)) return { kind: 'one', copies: near }
  return uncertain('it was begun while the server was still being stopped, or when it had been started again')
}

/** Whether what is dated so may have been what the freeze was for: it asked for the freeze, or was taken of a frozen guest. Pure. */
export function wasFrozenFor(freeze: FreezeWindow, { createdAt }: Pick<Matchable, 'createdAt'>): boolean {
  const createdMs = parseInstant(createdAt)
  const askedFor = createdMs <= freeze.calledMs + CLOCK_SLACK_MS
  // Rounded down to a second, or by a clock that is a little slow, it may say to be inside and have been begun after the end.
  const ofFrozen = createdMs >= freeze.heldMs && createdMs + CLOCK_SLACK_MS <= freeze.releasedMs
  return askedFor || ofFrozen
}

/** When what the freeze was made for was begun, at the earliest and at the latest. */
export function beganAround({ calledMs, releasedMs }: FreezeWindow): {
  readonly fromMs: number
  readonly toMs: number
} {
  return { fromMs: calledMs - BEFORE_CALL_MS - CLOCK_SLACK_MS, toMs: releasedMs + CLOCK_SLACK_MS }
}

function isNear(freeze: FreezeWindow, { createdAt }: Matchable): boolean {
  const { fromMs, toMs } = beganAround(freeze)
  const createdMs = parseInstant(createdAt)
  return createdMs >= fromMs && createdMs <= toMs
}
