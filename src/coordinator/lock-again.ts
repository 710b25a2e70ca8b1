import type { VmLock } from '../catalog/catalog.ts'
import { toStillshotError } from '../errors.ts'
import { openUndos } from '../saga/journal-event.ts'
import { formatInstant } from '../system/instant.ts'
import type { CrashedRun } from './recover-run.ts'
import type { RecoverWorld, SettledRun } from './recover-world.ts'

/**
 * A restore that ended and left databases half restored may have given its VM away to one that mends them. Before its load is taken
 * back the VM is its own again, so that nobody else begins meanwhile. Resolves with what to tell where somebody is at work on it, or
 * nobody can say: the run must then be left alone. To be called under the lock of recover, under which alone the VM is given away.
 * Idempotent.
 */
export async function lockAgain(
  world: RecoverWorld,
  { run, vm, procedure, events }: CrashedRun,
): Promise<SettledRun | undefined> {
  const open = openUndos(events).map(({ undo }) => undo)
  const vmKey = open.find(({ action }) => action === 'unlock-vm')?.args.vmKey
  // One that never ended has given nothing away: it is taken back whatever the catalog says.
  const hasEnded = events.some(({ event }) => event === 'run-ended')
  if (!hasEnded || vmKey === undefined || !open.some(({ action }) => action === 'load-back')) return undefined
  const { clock, processes } = world.system
  const owner = await processes.self()
  const lock: VmLock = { vmKey, holdId: run, run, procedure, owner, takenAt: formatInstant(clock.now()), ttlMs: 0 }
  try {
    await world.catalog.lockVm(lock)
    return undefined
  } catch (thrown) {
    const { code, message, details } = toStillshotError(thrown)
    const left = { run, vm, procedure, open: [message] }
    const other = details.lock as VmLock | undefined
    if (code !== 'run-under-way' || other === undefined) return { ...left, outcome: 'undo-failed' }
    // What a dead process has begun is taken back by its own run, here or on its host.
    return (await processes.state(other.owner)) === 'dead' ? undefined : { ...left, outcome: 'under-way' }
  }
}
