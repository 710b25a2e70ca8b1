import { vmKey } from '../catalog/catalog.ts'
import { toStillshotError } from '../errors.ts'
import { type JournalEvent, openUndos } from '../saga/journal-event.ts'
import type { Ports } from './ports.ts'
import type { OpenVm, RecoverWorld } from './recover-world.ts'

/** A snapshot that was taken back, and then made none the less. */
export interface LateSnapshot {
  readonly run: string
  readonly vm: string
  readonly snapshot: string
  /** `kept`: a run has the VM just now; `failed`: it could not be removed. The next `recover` tries both again. */
  readonly outcome: 'removed' | 'kept' | 'failed'
  readonly message: string
}

export type TakenBack = Pick<LateSnapshot, 'run' | 'vm' | 'snapshot'>

/**
 * Removes the snapshots of runs whose creation was taken back, where the hypervisor has them none the less: a request may
 * have been on its way for longer than the undo looked. The run's journal says that nobody wants them. A VM that cannot be
 * asked is left for the next time.
 */
export async function removeLateSnapshots(
  open: OpenVm,
  { log }: Pick<RecoverWorld, 'log'>,
  takenBack: readonly TakenBack[],
  { signal }: { signal: AbortSignal },
): Promise<readonly LateSnapshot[]> {
  const results: LateSnapshot[] = []
  for (const vm of new Set(takenBack.map((candidate) => candidate.vm))) {
    try {
      const { ports, settings } = await open(vm)
      const ofVm = takenBack.filter((candidate) => candidate.vm === vm)
      results.push(...(await removeOfVm(ports, settings.reference, ofVm, signal)))
    } catch (thrown) {
      signal.throwIfAborted()
      log.warn('snapshots that were taken back could not be looked for', {
        vm,
        message: toStillshotError(thrown).message,
      })
    }
  }
  return results
}

async function removeOfVm(
  { hypervisor, catalog }: Ports,
  reference: string,
  takenBack: readonly TakenBack[],
  signal: AbortSignal,
): Promise<readonly LateSnapshot[]> {
  const vm = await hypervisor.findVm(reference, { signal, timeoutMs: 30_000 })
  const there = new Set((await hypervisor.listSnapshots(vm, { signal, timeoutMs: 60_000 })).map(({ name }) => name))
  // One that became a restore point by lines that the journal has lost since is not late.
  for (const { snapshot } of await catalog.points()) there.delete(snapshot)
  const results: LateSnapshot[] = []
  for (const late of takenBack.filter(({ snapshot }) => there.has(snapshot))) {
    const lock = (await catalog.locks()).find((candidate) => candidate.vmKey === vmKey(vm))
    if (lock !== undefined) {
      results.push({ ...late, outcome: 'kept', message: `run ${lock.run} has the VM` })
      continue
    }
    try {
      await hypervisor.removeSnapshot(vm, late.snapshot, { signal, timeoutMs: 600_000 })
      results.push({ ...late, outcome: 'removed', message: 'it was made after it had been taken back' })
    } catch (thrown) {
      const byHand = hypervisor.byHand(vm, 'remove-snapshot', late.snapshot)
      results.push({ ...late, outcome: 'failed', message: `${toStillshotError(thrown).message}; by hand: ${byHand}` })
    }
  }
  return results
}

/**
 * The snapshots that a settled run has taken back. Of one that is still open the undo is due, or at work. Where a full disk let
 * the end of the run through and not what was undone before it, the end counts for it.
 */
export function takenBackIn(run: string, vm: string, events: readonly JournalEvent[]): readonly TakenBack[] {
  const unsaid = new Set(openUndos(events).map(({ step }) => step))
  return events.flatMap((event) => {
    if (event.event !== 'intent' || event.undo?.action !== 'remove-snapshot') return []
    const { snapshot } = event.undo.args
    const undone =
      unsaid.has(event.step) || events.some((other) => other.event === 'undone' && other.step === event.step)
    return undone && snapshot !== undefined ? [{ run, vm, snapshot }] : []
  })
}
