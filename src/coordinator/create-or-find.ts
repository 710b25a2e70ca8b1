import { StillshotError, toStillshotError } from '../errors.ts'
import type { Hypervisor, Snapshot, SnapshotRequest, Vm } from '../hypervisor/hypervisor.ts'
import type { Clock } from '../system/clock.ts'
import { retry } from '../system/retry.ts'

/** Failures after which the hypervisor may still have made the snapshot. */
const MAY_HAVE_WORKED = new Set(['answer-lost', 'hypervisor-unreachable'])

/**
 * Takes the snapshot, once. When its answer is lost, the snapshot's own name is looked for instead: a create is never
 * repeated. Resolves when the snapshot is complete; `answer-lost` when it cannot be seen within `lookForMs`.
 */
export async function createOrFind(
  hypervisor: Hypervisor,
  vm: Vm,
  request: SnapshotRequest,
  limits: { clock: Clock; signal: AbortSignal; timeoutMs: number; lookForMs: number; onMade?: () => void },
): Promise<Snapshot> {
  const { signal, timeoutMs, onMade } = limits
  const options = { signal, timeoutMs, ...(onMade === undefined ? {} : { onMade }) }
  try {
    return await hypervisor.createSnapshot(vm, request, options)
  } catch (thrown) {
    if (!MAY_HAVE_WORKED.has(toStillshotError(thrown).code)) throw thrown
    return await lookFor(hypervisor, vm, request.name, limits, thrown)
  }
}

async function lookFor(
  hypervisor: Hypervisor,
  vm: Vm,
  name: string,
  { clock, signal, lookForMs }: { clock: Clock; signal: AbortSignal; lookForMs: number },
  lost: unknown,
): Promise<Snapshot> {
  const look = async () => {
    const snapshots = await hypervisor.listSnapshots(vm, { signal, timeoutMs: lookForMs }).catch((thrown) => {
      // It is our own task that is under way: this says nothing of a create that had not begun.
      if (toStillshotError(thrown).code !== 'vm-locked') throw thrown
      throw new StillshotError('answer-lost', `the answer was lost, and the task for ${name} goes on`, {
        cause: thrown,
      })
    })
    const found = snapshots.find((snapshot) => snapshot.name === name)
    if (found?.complete === true) return found
    const seen = found === undefined ? 'is not there' : 'is not complete'
    throw new StillshotError('answer-lost', `the answer was lost, and the snapshot ${name} ${seen}`, { cause: lost })
  }
  return retry(look, {
    clock,
    signal,
    pauseMs: 200,
    limitMs: lookForMs,
    when: (error) => toStillshotError(error).code !== 'cancelled',
  })
}
