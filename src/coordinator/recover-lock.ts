import type { VmLock } from '../catalog/catalog.ts'
import { StillshotError, toStillshotError } from '../errors.ts'
import { formatInstant } from '../system/instant.ts'
import { ulid } from '../system/ulid.ts'
import type { RecoverWorld } from './recover-world.ts'

/** A host recovers its own runs only: one whose recover died, or that is gone, keeps no other from it. */
function keyOf(host: string): string {
  return JSON.stringify(['recover', host])
}

/**
 * Only one process of a host recovers at a time: two would carry out the same undo side by side. A lock whose owner is dead is
 * broken; a catalog that cannot be written does not keep a database from being started.
 */
export async function withRecoverLock<T>(world: RecoverWorld, work: () => Promise<T>): Promise<T> {
  const { clock, randomness, processes } = world.system
  const id = ulid(clock, randomness)
  const owner = await processes.self()
  const lock: VmLock = {
    vmKey: keyOf(owner.host),
    holdId: id,
    run: id,
    procedure: 'recover',
    owner,
    takenAt: formatInstant(clock.now()),
    ttlMs: 0,
  }
  try {
    await breakDeadLock(world, lock.vmKey)
    await world.catalog.lockVm(lock)
  } catch (thrown) {
    const error = toStillshotError(thrown)
    if (error.code === 'run-under-way') {
      throw new StillshotError('run-under-way', 'another process recovers', { cause: error, details: error.details })
    }
    world.log.warn('recover goes on without its lock', { message: error.message })
  }
  try {
    return await work()
  } finally {
    await world.catalog.unlockVm(lock.vmKey, id).catch((thrown) => {
      world.log.warn('the lock of recover could not be given back', { message: toStillshotError(thrown).message })
    })
  }
}

async function breakDeadLock({ catalog, system }: RecoverWorld, key: string): Promise<void> {
  const standing = (await catalog.locks()).find(({ vmKey }) => vmKey === key)
  if (standing === undefined || (await system.processes.state(standing.owner)) !== 'dead') return
  await catalog.unlockVm(key, standing.holdId)
}

/** True for the lock that {@link withRecoverLock} takes: it belongs to no VM. */
export function isRecoverLock({ vmKey, owner }: VmLock): boolean {
  return vmKey === keyOf(owner.host)
}
