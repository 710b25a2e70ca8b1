import { FakeShells } from '../../adapters/guests/fake/fake-shells.ts'
import type { Ports } from '../../src/coordinator/ports.ts'
import type { RestoreOrder } from '../../src/coordinator/restore-order.ts'
import { restoreSnapshot } from '../../src/coordinator/restore-snapshot.ts'
import { StillshotError } from '../../src/errors.ts'
import { makeWorld, type World } from '../world/world.ts'

export const signal = new AbortController().signal

/** To the newest db-stopped point, with a safety snapshot, unless the order says otherwise. */
export async function restore(world: World, order: Partial<RestoreOrder> = {}, ports: Ports = world.ports) {
  // Runs are told apart by when they began.
  await world.pass(1)
  return restoreSnapshot(ports, world.settings, { safetySnapshot: true, dryRun: false, signal, ...order })
}

/** One whose storage goes back to its newest snapshot only. */
export function rigidWorld(): World {
  const world = makeWorld()
  const capabilities = { ...world.hypervisor.capabilities, rollBackToAny: false }
  Object.assign(world.hypervisor, { capabilities })
  return world
}

/** A guest that nobody reaches until its disks are put back; for good, where it stays so. */
export function deadGuest(world: World, { staysDead = false } = {}): Ports {
  const before = world.guest.facts.bootId
  const error = new StillshotError('guest-unreachable', 'db1: no route to host')
  const shells = new FakeShells({
    clock: world.clock,
    program: world.guest.program,
    openFault: () => (staysDead || world.guest.facts.bootId === before ? { error } : undefined),
  })
  return { ...world.ports, shells }
}

export const snapshotsOf = (world: World) =>
  world.hypervisor.state('db1').snapshots.map(({ snapshot }) => snapshot.name)
