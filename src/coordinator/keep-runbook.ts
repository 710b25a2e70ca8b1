import { toStillshotError } from '../errors.ts'
import { orAborted } from '../system/or-aborted.ts'
import { makeRunbook } from './make-runbook.ts'
import type { Ports, VmSettings } from './ports.ts'

/** A folder on another machine may hang for longer than anybody waits for a file that helps later. */
const LIMIT_MS = 30_000

/**
 * Keeps the runbook of a VM current, where the admin wants one kept. What came of a run does not depend on it: a failure is a warning, and
 * nothing is thrown.
 */
export async function keepRunbook(ports: Ports, settings: VmSettings): Promise<void> {
  const { runbooks, system, log } = ports
  if (runbooks === undefined) return
  using deadline = system.clock.deadline(LIMIT_MS)
  const { signal } = deadline
  const keep = async () => runbooks.keep(await makeRunbook(ports, settings, { signal }))
  try {
    await orAborted(keep(), signal)
  } catch (thrown) {
    log.warn('the runbook is not current: it could not be written', {
      vm: settings.name,
      message: toStillshotError(thrown).message,
    })
  }
}
