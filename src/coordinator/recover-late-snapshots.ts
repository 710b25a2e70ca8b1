import { vmKey } from '../catalog/catalog.ts'
import { toStillshotError } from '../errors.ts'
import type { Hypervisor, Vm } from '../hypervisor/hypervisor.ts'
import { type JournalEvent, openUndos } from '../saga/journal-event.ts'
import { clonesOf } from './clones-of.ts'
import type { Ports } from './ports.ts'
import type { OpenVm, RecoverWorld } from './recover-world.ts'

/** A snapshot, or the copy of a drill, that was taken back, and then made none the less. */
export interface LateSnapshot {
  readonly run: string
  readonly vm: string
  /** The name of either. */
  readonly snapshot: string
  /** `kept`: a run has the VM just now; `failed`: it could not be removed. The next `recover` tries both again. */
  readonly outcome: 'removed' | 'kept' | 'failed'
  readonly message: string
}

export interface TakenBack extends Pick<LateSnapshot, 'run' | 'vm' | 'snapshot'> {
  readonly what: 'snapshot' | 'copy'
}

/**
 * Removes the snapshots and copies of runs whose creation was taken back, where the hypervisor has them none the less: a request may
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
  const isThere = async ({ what, snapshot }: TakenBack) =>
    what === 'snapshot' ? there.has(snapshot) : (await find(hypervisor, vm, snapshot, signal)) !== undefined
  const results: LateSnapshot[] = []
  for (const { what, ...late } of takenBack) {
    const found = await isThere({ what, ...late })
    // Half a copy is not found, and is removed all the same.
    if (!found && (what === 'snapshot' || hypervisor.clones === undefined)) continue
    const lock = (await catalog.locks()).find((candidate) => candidate.vmKey === vmKey(vm))
    if (lock !== undefined) {
      if (found) results.push({ ...late, outcome: 'kept', message: `run ${lock.run} has the VM` })
      continue
    }
    try {
      await remove[what](hypervisor, vm, late.snapshot, signal)
      if (found) results.push({ ...late, outcome: 'removed', message: 'it was made after it had been taken back' })
    } catch (thrown) {
      results.push({ ...late, outcome: 'failed', message: failed(thrown, hypervisor, vm, { what, ...late }) })
    }
  }
  return results
}

const LIMIT_MS = 600_000

/** Each idempotent. */
const remove = {
  snapshot: (hypervisor: Hypervisor, vm: Vm, name: string, signal: AbortSignal) =>
    hypervisor.removeSnapshot(vm, name, { signal, timeoutMs: LIMIT_MS }),
  copy: (hypervisor: Hypervisor, vm: Vm, name: string, signal: AbortSignal) =>
    clonesOf(hypervisor).remove(vm, name, { signal, timeoutMs: LIMIT_MS }),
}

async function find({ clones }: Hypervisor, vm: Vm, name: string, signal: AbortSignal): Promise<Vm | undefined> {
  return clones?.find(vm, name, { signal, timeoutMs: 60_000 })
}

function failed(thrown: unknown, hypervisor: Hypervisor, vm: Vm, { what, snapshot }: TakenBack): string {
  const byHand = hypervisor.byHand(vm, what === 'snapshot' ? 'remove-snapshot' : 'remove-copy', snapshot)
  return `${toStillshotError(thrown).message}; by hand: ${byHand}`
}

/** Ways back from a copy; one that is kept by now is not found by them. */
const COPIES: readonly string[] = ['remove-clone', 'settle-copy']

/**
 * The snapshots and copies that a settled run has taken back. Of one that is still open the undo is due, or at work. Where a full disk let
 * the end of the run through and not what was undone before it, the end counts for it.
 */
export function takenBackIn(run: string, vm: string, events: readonly JournalEvent[]): readonly TakenBack[] {
  const unsaid = new Set(openUndos(events).map(({ step }) => step))
  return events.flatMap((event) => {
    if (event.event !== 'intent' || event.undo === undefined) return []
    const { action, args } = event.undo
    const what = COPIES.includes(action) ? 'copy' : 'snapshot'
    const snapshot = what === 'copy' ? args.clone : args.snapshot
    if (what === 'snapshot' && action !== 'remove-snapshot') return []
    const undone =
      unsaid.has(event.step) || events.some((other) => other.event === 'undone' && other.step === event.step)
    return undone && snapshot !== undefined ? [{ run, vm, snapshot, what }] : []
  })
}
