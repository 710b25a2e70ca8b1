import { collectFreezes } from '../../src/coordinator/collect-freezes.ts'
import type { VmSettings } from '../../src/coordinator/ports.ts'
import { restoreSnapshot } from '../../src/coordinator/restore-snapshot.ts'
import { takeSnapshot } from '../../src/coordinator/take-snapshot.ts'
import { StillshotError } from '../../src/errors.ts'
import type { Snapshot } from '../../src/hypervisor/hypervisor.ts'
import { FreezingGuest } from '../world/freezing-guest.ts'
import { makeWorld } from '../world/world.ts'

/** A world whose hypervisor freezes the guest for a snapshot, by an agent that may have the hook. */
export function makeFrozenWorld(change: Partial<VmSettings> = {}) {
  const world = makeWorld(change)
  const freezing = new FreezingGuest(world)
  const { signal } = new AbortController()
  const inside = { frozen: false, silent: false }
  const thaw = async () => {
    if (inside.silent) throw new StillshotError('hypervisor-refused', 'no agent answers')
    inside.frozen = false
  }
  Object.assign(world.hypervisor, { guestAgent: { thaw } })
  const create = world.hypervisor.createSnapshot.bind(world.hypervisor)
  return {
    ...world,
    freezing,
    inside,
    state: world.hypervisor.state('db1'),
    take: () => takeSnapshot(freezing.ports, world.settings, { mode: 'freeze', signal }),
    collect: () => collectFreezes(freezing.ports, world.settings, { signal }),
    restore: (pointId: string) => {
      const order = { pointId, safetySnapshot: false, dryRun: false, signal }
      return restoreSnapshot(freezing.ports, world.settings, order)
    },
    /** What happens when the hypervisor takes a snapshot, instead of that it is taken. */
    onCreate: (act: (take: () => Promise<Snapshot>) => Promise<Snapshot>) => {
      world.hypervisor.createSnapshot = (...given) => act(() => create(...given))
    },
  }
}
