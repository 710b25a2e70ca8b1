import type { MakeInvariant } from '../invariant.ts'
import { HOLD_TTL_MS } from '../world.ts'

/** Starting the database goes before everything that only tidies up. */
export const databaseFirst: MakeInvariant = ({ clock, network, takenBy, guest: { machine, helper } }) => {
  const released = new Set<string>()
  return {
    promise: 'the database is started before anything is tidied',
    onArrival(arrival) {
      if (arrival.at === 'guest') {
        if (arrival.verb === 'release') released.add(arrival.words[0] ?? '')
        return undefined
      }
      if (arrival.change !== 'remove') return undefined
      const hold = helper.holds.find(({ id, state }) => takenBy.get(arrival.name) === id && state === 'held')
      // Tried for the whole time to live, or still on a link that is down: it was asked for, and never arrived.
      const triedLong = machine.uptime() - (hold?.stopRequestedUptimeMs ?? 0) >= HOLD_TTL_MS
      const cutOff = network.downUntilMs > clock.monotonic()
      return hold === undefined || triedLong || cutOff || released.has(hold.id)
        ? undefined
        : `${arrival.name} is removed while its hold is open`
    },
  }
}
