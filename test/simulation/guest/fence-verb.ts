import type { DrainParts } from './drain-verbs.ts'
import type { GuestHold } from './guest-hold.ts'
import { fenceFacts, type GuestFacts } from './words.ts'

interface FenceParts extends Pick<DrainParts, 'lock' | 'say' | 'refuse'> {
  readonly holdOf: (id: string) => GuestHold | undefined
  readonly taken: () => GuestFacts & { takenUptimeMs: number }
}

/** What a release would show, of a hold that goes on. */
export async function fence({ lock, holdOf, taken, say, refuse }: FenceParts, id: string): Promise<string> {
  using locked = await lock.take(30_000)
  if (locked === undefined) return refuse(id, 'guest-locked', 'another verb is at work', 'fence')
  const hold = holdOf(id)
  if (hold === undefined || hold.state === 'blocked') return say('fence', id, { known: false, fence: null })
  const { expiredUptimeMs = null } = hold
  const watchdog = expiredUptimeMs === null ? hold.watchdog : 'fired'
  return say('fence', id, { known: true, fence: fenceFacts({ fence: taken(), watchdog, expiredUptimeMs }) })
}
