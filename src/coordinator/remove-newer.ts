import type { Vm } from '../hypervisor/hypervisor.ts'
import { retry } from '../system/retry.ts'
import { forgetSnapshot } from './forget-snapshot.ts'
import { isWorthAnotherTry } from './passing.ts'
import type { Ports } from './ports.ts'
import type { Run } from './run.ts'

/** Merging what was written since a snapshot may take hours on a busy storage. */
const REMOVAL_LIMIT_MS = 2 * 3_600_000
const TRY_FOR_MS = 60_000

/**
 * Removes the snapshots that are in the way of a roll back and that somebody has named, in this order: the newest first, so that what is
 * left when it stops in the middle can still be gone back to. A removal that a crash interrupts is ended by the undo.
 */
export async function removeNewer(
  { hypervisor, catalog, system }: Ports,
  run: Run,
  vm: Vm,
  { names, signal }: { names: readonly string[]; signal: AbortSignal },
): Promise<void> {
  for (const name of names) {
    signal.throwIfAborted()
    const step = `remove-${name}`
    const byHand = hypervisor.byHand(vm, 'remove-snapshot', name)
    const undo = { action: 'end-newer-removal', args: { snapshot: name }, urgent: false, timeoutMs: 600_000, byHand }
    const remove = async () => {
      const trying = { clock: system.clock, signal, pauseMs: 2_000, limitMs: TRY_FOR_MS, when: isWorthAnotherTry }
      await retry(() => hypervisor.removeSnapshot(vm, name, { signal, timeoutMs: REMOVAL_LIMIT_MS }), trying)
      await forgetSnapshot(catalog, run.record.vm, name)
    }
    await run.saga.step({ step, undo }, remove, { settles: [step] })
  }
}
