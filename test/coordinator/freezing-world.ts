import { collectFreezes } from '../../src/coordinator/collect-freezes.ts'
import { FreezingGuest } from '../world/freezing-guest.ts'
import { makeWorld } from '../world/world.ts'

/** A world in which somebody else has the guest frozen, from inside, for snapshots of his own. */
export function makeFreezingWorld() {
  const world = makeWorld()
  const guest = new FreezingGuest(world)
  const { signal } = new AbortController()
  return {
    ...world,
    freezing: guest,
    /** Somebody else's snapshot. */
    take: async (name: string) =>
      world.hypervisor.createSnapshot(await world.hypervisor.findVm('db1'), { name, description: 'nightly' }),
    collect: (wait = false) => collectFreezes(guest.ports, world.settings, { signal, wait }),
  }
}
