import { type HoldRecord, vmKey } from '../catalog/catalog.ts'
import { StillshotError } from '../errors.ts'
import type { Proof } from '../grade/proof.ts'
import type { HoldAnswer, ProbeAnswer } from '../guest/protocol/answers.ts'
import { formatInstant } from '../system/instant.ts'
import { drain, holdGuest, releaseHold } from './guest-steps.ts'
import { phase } from './phase.ts'
import type { Phase, Ports, VmSettings } from './ports.ts'
import { lookAhead, type Passed, passed } from './preflight.ts'
import { beginRun, failRun, lockVm, suspendRun } from './run.ts'

/** What the release needs to know of the hold; kept in the journal of the hold's run. */
export interface HeldFacts {
  readonly probe: ProbeAnswer
  readonly hold: HoldAnswer
  readonly machine: readonly Proof[]
}

/**
 * Stops the profile and leaves it so, for somebody else's snapshot: until `releaseHold`, or until the watchdog starts
 * everything at the end of the time to live. The VM stays locked meanwhile. Rejects with nothing left stopped.
 */
export async function holdVm(
  ports: Ports,
  settings: VmSettings,
  { signal }: { signal: AbortSignal },
): Promise<HoldRecord> {
  const run = await beginRun(ports, settings, 'hold')
  const { saga, helper } = run
  const during = <T>(name: Phase, work: () => Promise<T>) => phase(ports, settings.name, name, work)
  try {
    const vm = await ports.hypervisor.findVm(settings.reference, { signal, timeoutMs: 30_000 })
    await lockVm(ports, run, vm, settings.holdTtlMs)
    const seen = await during('preflight', async () =>
      passed(settings.name, await lookAhead(ports, settings, { helper, vm, signal })),
    )
    await during('drain', () => drain(ports, run, settings, signal))
    const record: HoldRecord = {
      id: run.id,
      run: run.id,
      vm: settings.name,
      vmKey: vmKey(vm),
      profile: settings.profile.name,
      heldAt: formatInstant(ports.system.clock.now()),
      ttlMs: settings.holdTtlMs,
      state: 'held',
      evidence: null,
    }
    // Before the hold, so that a crash right after it leaves something that `recover` and `release` can find.
    await ports.catalog.saveHold(record)
    await ports.catalog.saveRun({ ...run.record, outcome: 'held' })
    signal.throwIfAborted()
    await saga.intend({ step: 'hold', undo: releaseHold(run, settings, vm) })
    const facts = (hold: HoldAnswer): Readonly<Record<string, unknown>> => ({ ...heldFacts(seen, hold) })
    await during('hold', () =>
      saga.act('hold', () => holdGuest(run, settings, seen, { signal }), { facts, settles: ['drain'] }),
    )
    await suspendRun(run)
    return record
  } catch (thrown) {
    const error = await failRun(ports, run, thrown)
    await forget(ports, run.id)
    throw error
  }
}

function heldFacts({ probe, sameMachine, coverage }: Passed, hold: HoldAnswer): HeldFacts {
  return { probe, hold, machine: [sameMachine, coverage.proof] }
}

/** A hold that did not come about is not listed as open. */
async function forget({ catalog, log }: Ports, id: string): Promise<void> {
  try {
    const record = await catalog.hold(id)
    if (record !== undefined) await catalog.saveHold({ ...record, state: 'released' })
  } catch (thrown) {
    log.warn('the hold could not be marked as released', { hold: id, message: String(thrown) })
  }
}

/** The hold's record; `hold-not-found` when there is none. */
export async function needHold({ catalog }: Pick<Ports, 'catalog'>, id: string): Promise<HoldRecord> {
  const record = await catalog.hold(id)
  if (record === undefined) throw new StillshotError('hold-not-found', `there is no hold ${id}`)
  return record
}
