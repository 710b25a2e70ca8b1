import { uuidOfVmKey, type VmLock } from '../catalog/catalog.ts'
import { toStillshotError } from '../errors.ts'
import { knownHelper } from '../guest/helper-file.ts'
import { isOpenHold } from '../guest/open-hold.ts'
import { isSettled } from '../saga/journal-event.ts'
import { readJournal } from '../saga/read-journal.ts'
import { isDrillClaim } from './claim-drill.ts'
import { journalPath } from './journals.ts'
import { isRecoverLock } from './recover-lock.ts'
import type { OpenVm, RecoverWorld } from './recover-world.ts'
import { openHelper } from './run.ts'

export interface BrokenLock {
  readonly run: string
  readonly hold: string
  readonly outcome: 'broken' | 'kept'
  readonly message: string
}

/**
 * Breaks the locks that nobody owns: the owner's process is dead, its journal says nothing more is open, no hold of
 * that id is open in the catalog, and the guest, asked, does not hold it either.
 */
export async function breakLocks(
  open: OpenVm,
  world: RecoverWorld,
  { signal }: { signal: AbortSignal },
): Promise<readonly BrokenLock[]> {
  const results: BrokenLock[] = []
  for (const lock of await world.catalog.locks()) {
    if (isRecoverLock(lock)) continue
    const kept = await reasonToKeep(open, world, lock, signal)
    if (kept === undefined) await world.catalog.unlockVm(lock.vmKey, lock.holdId)
    results.push({
      run: lock.run,
      hold: lock.holdId,
      outcome: kept === undefined ? 'broken' : 'kept',
      message: kept ?? 'nobody owned it',
    })
  }
  return results
}

async function reasonToKeep(
  open: OpenVm,
  world: RecoverWorld,
  lock: VmLock,
  signal: AbortSignal,
): Promise<string | undefined> {
  const state = await world.system.processes.state(lock.owner)
  const hold = await world.catalog.hold(lock.holdId)
  if (hold?.state === 'held') return 'a hold is open'
  if (state === 'unknown') return `its owner runs on ${lock.owner.host}`
  try {
    const events = await readJournal(world.system.files, journalPath(world.stateDirectory, lock.run))
    const [begun] = events
    if (!isSettled(events)) return state === 'alive' ? 'its run is under way' : 'its run is not settled'
    if (begun?.event !== 'run-begun') return 'its journal names no VM'
    // What a drill takes is no part of a guest.
    if (isDrillClaim(lock)) return undefined
    const { ports, settings } = await open(begun.vm)
    const helper = openHelper(ports, settings)
    const { holds, sha256 } = await helper
      .status({ signal, machine: uuidOfVmKey(lock.vmKey) })
      .finally(() => helper.close())
    if (knownHelper(ports.helper, sha256) === undefined) return 'the helper in the guest is none of ours'
    const inGuest = holds.find(({ id }) => id === lock.holdId)
    return inGuest !== undefined && isOpenHold(inGuest) ? 'the guest still holds it' : undefined
  } catch (thrown) {
    return `it could not be looked at: ${toStillshotError(thrown).message}`
  }
}
