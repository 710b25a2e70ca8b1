/** What the helper keeps of one hold under /run, which a boot empties. */
export interface GuestHold {
  readonly id: string
  /** `expiring`: the watchdog starts what ran. */
  state: 'stopping' | 'held' | 'releasing' | 'expiring' | 'released' | 'refused' | 'expired' | 'blocked'
  /** What was active when it began. */
  readonly plan: { readonly server: boolean; readonly web: boolean }
  readonly firesUptimeMs: number
  readonly ttlMs: number
  watchdog: 'armed' | 'missing'
  stopRequestedUptimeMs?: number
  expiredUptimeMs?: number
  holdAnswer?: string
  releaseAnswer?: string
}

/** True while its components may be down, so that no other hold may begin. */
export function keepsOthersOut({ state }: GuestHold): boolean {
  return state === 'stopping' || state === 'held' || state === 'releasing' || state === 'expiring'
}

/** True when nothing is started for it any more. */
export function isOver({ state }: GuestHold): boolean {
  return state === 'released' || state === 'refused' || state === 'expired'
}

/** As `status` calls it. */
export function shownState({ state }: GuestHold): string {
  return state === 'expiring' ? 'releasing' : state
}

/** What `status` says of all of them. */
export function statusesOf(holds: readonly GuestHold[]): readonly object[] {
  return holds.toSorted((one, other) => (one.id < other.id ? -1 : 1)).map(statusOf)
}

/** Of one that never came there is no plan. */
function statusOf(hold: GuestHold): object {
  const profile = hold.state === 'blocked' ? '' : 'mysql'
  return { id: hold.id, profile, state: shownState(hold), firesUptimeMs: hold.firesUptimeMs || null }
}
