import type { GuestMachine } from './machine.ts'

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
  /** The watchdog wakes when it was told to first, and waits for this. */
  leaseUptimeMs?: number
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

/** Why a hold that is asked for again is refused; undefined: it is answered as before. */
export function refusesAgain({ state, expiredUptimeMs, holdAnswer }: GuestHold): [string, string] | undefined {
  if (expiredUptimeMs !== undefined) return ['released-before', 'the watchdog ended it']
  const isReleased = state === 'released' || state === 'releasing' || state === 'blocked'
  if (isReleased) return ['released-before', 'it was released']
  return holdAnswer === undefined ? ['guest-locked', 'its answer was lost: release it'] : undefined
}

/** What is noted of a hold that was released before it came. */
export function neverHeld(id: string): GuestHold {
  return { id, ttlMs: 0, firesUptimeMs: 0, state: 'blocked', plan: { server: false, web: false }, watchdog: 'missing' }
}

/** As `probe` tells of it. */
export function openHoldOf(holds: readonly GuestHold[]): object | null {
  const open = holds.find(keepsOthersOut)
  return open === undefined ? null : { id: open.id, profile: 'mysql', state: shownState(open) }
}

/** Until its time is over, which a renewal may put off while it waits. */
export async function sleepUntilDue(machine: GuestMachine, hold: GuestHold): Promise<void> {
  let until = hold.firesUptimeMs
  do {
    await machine.sleep(until - machine.uptime())
    until = hold.leaseUptimeMs ?? until
  } while (until > machine.uptime() && !isOver(hold))
}
