import { uuidOfVmKey } from '../catalog/catalog.ts'
import { toStillshotError } from '../errors.ts'
import type { StatusAnswer } from '../guest/protocol/answers.ts'
import { isSettled } from '../saga/journal-event.ts'
import { readJournal } from '../saga/read-journal.ts'
import { journalPath } from './journals.ts'
import type { OpenVm, RecoverWorld } from './recover-world.ts'
import { releaseHold } from './release-hold.ts'
import { openHelper } from './run.ts'

export interface SettledHold {
  readonly hold: string
  readonly vm: string
  /** `held`: it is within its time to live and was left alone. */
  readonly outcome: 'released' | 'expired' | 'held' | 'failed'
  readonly message: string
}

/**
 * Settles holds taken for other people's snapshots that nobody released. The guest is asked, never the wall clock alone:
 * a hold that the guest still keeps within its time to live belongs to whoever took it. One that is held beyond it has lost
 * its watchdog: nobody else will start what it stopped.
 */
export async function settleHolds(
  open: OpenVm,
  world: RecoverWorld,
  { signal }: { signal: AbortSignal },
): Promise<readonly SettledHold[]> {
  const results: SettledHold[] = []
  for (const { id: hold, run, vm, vmKey } of await world.catalog.holds({ open: true })) {
    try {
      // Somebody is just taking it, or its run waits to be recovered.
      if (!isSettled(await readJournal(world.system.files, journalPath(world.stateDirectory, run)))) {
        results.push({ hold, vm, outcome: 'held', message: `its run ${run} is not settled` })
        continue
      }
      const { ports, settings } = await open(vm)
      const helper = openHelper(ports, settings)
      const { holds, uptimeMs } = await helper
        .status({ signal, machine: uuidOfVmKey(vmKey) })
        .finally(() => helper.close())
      const inGuest = holds.find(({ id }) => id === hold)
      if (inGuest !== undefined && isWithinItsTime(inGuest, uptimeMs)) {
        results.push({ hold, vm, outcome: 'held', message: `still held; \`stillshot release ${hold}\` ends it` })
        continue
      }
      const report = await releaseHold(ports, settings, hold, { signal })
      results.push({ hold, vm, outcome: report.state, message: `was ${inGuest?.state ?? 'unknown to the guest'}` })
    } catch (thrown) {
      results.push({ hold, vm, outcome: 'failed', message: toStillshotError(thrown).message })
    }
  }
  return results
}

/** The watchdog may wait for the helper's lock, and systemd for a moment of rest. */
const WATCHDOG_PATIENCE_MS = 15_000

function isWithinItsTime({ state, firesUptimeMs }: StatusAnswer['holds'][number], uptimeMs: number): boolean {
  const overdue = firesUptimeMs !== null && uptimeMs > firesUptimeMs + WATCHDOG_PATIENCE_MS
  return (state === 'held' || state === 'stopping') && !overdue
}
