import type { MakeInvariant } from '../invariant.ts'
import { type Arrival, VM } from '../world.ts'

/**
 * Promise 7: whoever acts on a VM has its lock in the catalog, and in the guest no two holds are open. Nobody loads anything while
 * another process, which lives, has the VM in the same catalog.
 */
export const oneAtATime: MakeInvariant = ({ hosts, guest: { helper } }) => ({
  promise: 'one run a VM at a time',
  onArrival(arrival) {
    const beside = loadsBeside(arrival)
    if (beside !== undefined) return beside
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

function loadsBeside(arrival: Arrival): string | undefined {
  if (arrival.at !== 'guest' || (arrival.verb !== 'load' && arrival.verb !== 'whole')) return undefined
  const run = arrival.words[arrival.verb === 'load' ? 1 : 0]
  const { host, process } = arrival.by
  // What was on its way when its process ended is nobody's act any more.
  if (!process.alive) return undefined
  for (const { holdId, vmKey, owner } of host.catalog.locks.values()) {
    if (holdId === run || !vmKey.includes(VM) || owner.pid === process.identity.pid) continue
    const lives = host.processes.some(({ identity }) => identity.pid === owner.pid && owner.host === host.name)
    if (lives) return `${arrival.verb} of run ${run} arrives while run ${holdId} has the VM`
  }
  return undefined
}
