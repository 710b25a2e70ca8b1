import type { MakeInvariant } from '../invariant.ts'

/** Starting the database goes before everything that only tidies up. */
export const databaseFirst: MakeInvariant = ({ guest: { helper } }) => {
  const released = new Set<string>()
  return {
    promise: 'the database is started before anything is tidied',
    onArrival(arrival) {
      if (arrival.at === 'guest') {
        if (arrival.verb === 'release') released.add(arrival.words[0] ?? '')
        return undefined
      }
      if (arrival.change !== 'remove') return undefined
      const hold = helper.holds.find(({ id, state }) => arrival.name.endsWith(id) && state === 'held')
      return hold === undefined || released.has(hold.id)
        ? undefined
        : `${arrival.name} is removed while its hold is open`
    },
  }
}
