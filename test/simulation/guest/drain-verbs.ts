import type { Chance } from '../chance.ts'
import type { GuestDrains } from './drains.ts'
import type { HelperTroubles } from './helper-parts.ts'
import type { GuestLock } from './lock.ts'
import type { GuestMachine } from './machine.ts'
import type { GuestServer } from './server.ts'

/** What `drain` and `undrain` need of the helper. */
export interface DrainParts {
  readonly machine: GuestMachine
  readonly server: GuestServer
  readonly chance: Chance
  readonly lock: GuestLock
  readonly drains: GuestDrains
  readonly troubles: HelperTroubles
  isHeld(id: string): boolean
  say(verb: string, id: string, more: object): string
  refuse(id: string, code: string, message: string, verb: string): string
}

/** `drain`: it has the lock for as long as it waits. */
export async function lower(parts: DrainParts, id: string, seconds: number): Promise<string> {
  const { machine, server, chance, drains, troubles, refuse } = parts
  using lock = await parts.lock.take(5_000)
  if (lock === undefined) return refuse(id, 'guest-locked', 'another verb is at work', 'drain')
  if (!server.running) return refuse(id, 'login-failed', 'the server does not answer', 'drain')
  if (drains.isOver(id) || parts.isHeld(id)) return refuse(id, 'released-before', 'it is over', 'drain')
  const changed = drains.note(id, seconds)
  await machine.sleep(troubles.settingsTakeMs + chance.between(1, 20))
  drains.lower()
  const waitedMs = chance.between(300, seconds * 1000)
  await drains.end(id, waitedMs)
  if (drains.isOver(id)) {
    drains.putBack(id)
    return refuse(id, 'released-before', 'it was put back while it waited', 'drain')
  }
  return parts.say('drain', id, { dirtyBefore: 100, dirtyAfter: 0, waitedMs, changed })
}

/** `undrain`. */
export async function putBack({ drains, say, refuse, ...parts }: DrainParts, id: string): Promise<string> {
  drains.finish(id)
  using lock = await parts.lock.take(30_000)
  if (lock === undefined) return refuse(id, 'guest-locked', 'another verb is at work', 'undrain')
  const restored = drains.putBack(id)
  if (restored === undefined) return refuse(id, 'undrain-failed', 'no answer', 'undrain')
  return say('undrain', id, { restored })
}
