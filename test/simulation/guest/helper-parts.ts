import type { Chance } from '../chance.ts'
import type { GuestMachine } from './machine.ts'
import type { GuestServer } from './server.ts'
import type { Identity } from './words.ts'

/** What the helper is made of. */
export interface HelperParts {
  readonly machine: GuestMachine
  readonly server: GuestServer
  readonly chance: Chance
  readonly identity: Identity
  readonly webRuns: boolean
  /** The profile's, for the server. */
  readonly limits?: { readonly stopMs: number; readonly startMs: number }
}

/** What the troubles of a world do to the helper. Times are the guest's uptime in milliseconds. */
export interface HelperTroubles {
  /** /run is full until then. */
  runFullUntil: number
  syncFails: boolean
  /** How long the server needs for the next change of its settings. */
  settingsTakeMs: number
  /** Another helper stands in its place until then. */
  replacedUntil: number
  /** The watchdog of the next hold is gone when the hold looks again, with everything stopped. */
  watchdogVanishes: boolean
}

export const NO_HELPER_TROUBLES: HelperTroubles = {
  runFullUntil: 0,
  syncFails: false,
  settingsTakeMs: 0,
  replacedUntil: 0,
  watchdogVanishes: false,
}

/** The word at this place of a verb. */
export function word(words: readonly string[], index: number): string {
  const found = words[index]
  if (found === undefined) throw new RangeError(`the verb lacks word ${index}`)
  return found
}

/** Forecast and lock patience that the helper keeps free before the end of the time to live, as the real one does. */
export const LOCK_PATIENCE_MS = 5_000
/** The profile's. */
export const LIMITS = { stopMs: 60_000, startMs: 60_000 }
