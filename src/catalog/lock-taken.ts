import { StillshotError } from '../errors.ts'
import type { VmLock } from './catalog.ts'

/** What every catalog rejects with when another hold has the VM: `run-under-way`, with the lock that stands. */
export function lockTakenError(lock: VmLock): StillshotError {
  const { holdId, run, procedure, owner, takenAt } = lock
  const message = `${procedure} ${run} has the VM since ${takenAt} (hold ${holdId}, process ${owner.pid} on ${owner.host})`
  return new StillshotError('run-under-way', message, { details: { lock } })
}
