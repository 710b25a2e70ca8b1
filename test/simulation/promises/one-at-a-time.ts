import type { MakeInvariant } from '../invariant.ts'

/** Promise 7: whoever acts on a VM has its lock in the catalog, and in the guest no two holds are open. */
export const oneAtATime: MakeInvariant = ({ hosts, guest: { helper } }) => ({
  promise: 'one run a VM at a time',
  onArrival(arrival) {
    const acts =
      arrival.at === 'guest' ? arrival.verb === 'hold' : arrival.change === 'create' || arrival.change === 'roll-back'
    const run = arrival.at === 'guest' ? arrival.words[1] : arrival.run
    if (!acts || run === undefined || (arrival.at === 'hypervisor' && arrival.late)) return undefined
    // What was on its way when its run ended is not the run's act any more.
    const released = helper.holds.some(({ id, state }) => id === run && state === 'blocked')
    const locked = hosts.some(({ catalog }) => [...catalog.locks.values()].some(({ holdId }) => holdId === run))
    return locked || released ? undefined : `run ${run} acts without the lock`
  },
  onEvent() {
    let first: string | undefined
    for (const { id, state } of helper.holds) {
      if (state !== 'held') continue
      if (first !== undefined) return `${first} and ${id} are held at once`
      first = id
    }
    return undefined
  },
})
