import type { Catalog, VmLock } from '../catalog/catalog.ts'
import { StillshotError, toStillshotError } from '../errors.ts'
import { retry } from '../system/retry.ts'
import type { System } from '../system/system.ts'

/** How long a run waits for one that has the VM. */
export interface Patience {
  readonly waitMs: number
  readonly signal: AbortSignal
}

/**
 * Takes the lock of a VM, once the run that has it is over. Rejects with `run-under-way` when that takes too long, and at once when
 * nobody is left who would give it back: only `recover` can.
 */
export async function lockInTurn(
  { catalog, system }: { readonly catalog: Catalog; readonly system: System },
  lock: VmLock,
  { waitMs, signal }: Patience,
): Promise<void> {
  const take = () =>
    catalog.lockVm(lock).catch(async (thrown) => Promise.reject(await withOwner(catalog, system, thrown)))
  await retry(take, { clock: system.clock, signal, pauseMs: 1_000, limitMs: waitMs, when: isWorthWaitingFor })
}

function isWorthWaitingFor(thrown: unknown): boolean {
  const { code, details } = toStillshotError(thrown)
  return code === 'run-under-way' && details.owner !== 'dead'
}

/** A hold outlives the process that took it: whoever releases it gives the lock back. */
async function withOwner(catalog: Catalog, { processes }: System, thrown: unknown): Promise<StillshotError> {
  const error = toStillshotError(thrown)
  const lock = error.details.lock as VmLock | undefined
  if (error.code !== 'run-under-way' || lock === undefined) return error
  const isHeld = (await catalog.hold(lock.holdId))?.state === 'held'
  const owner = isHeld ? 'alive' : await processes.state(lock.owner)
  const hint =
    owner === 'dead'
      ? 'its process is dead: `stillshot recover` settles what it left, then try again'
      : '--wait waits for it; if its process is dead, `stillshot recover` settles it'
  return new StillshotError('run-under-way', error.message, { cause: error, hint, details: { lock, owner } })
}
