import type { MakeInvariant } from '../invariant.ts'

/** No snapshot is asked for inside a hold that said itself that its watchdog is not armed. */
export const watched: MakeInvariant = ({ guest: { helper } }) => ({
  promise: 'nothing is held without a watchdog',
  onArrival(arrival) {
    if (arrival.at !== 'hypervisor' || arrival.change !== 'create') return undefined
    const hold = helper.holds.find(({ id, state }) => arrival.name.endsWith(id) && state === 'held')
    const said = hold?.holdAnswer?.includes('"watchdogArmed":false') === true
    return said ? `hold ${hold?.id} has no watchdog, and a snapshot is asked for` : undefined
  },
})
