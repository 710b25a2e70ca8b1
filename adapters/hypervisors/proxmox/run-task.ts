import { StillshotError } from '../../../src/errors.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import { retry } from '../../../src/system/retry.ts'
import type { Call } from '../../https/call.ts'
import { type Cluster, onNode } from './cluster.ts'
import { isLocked, taskError } from './proxmox-errors.ts'
import { followTask, isSuccess } from './task.ts'

/**
 * How long something in the way is waited for. After a roll back of a VM that ran, the node may hold its file lock for
 * 30 s; another task's lock of the configuration may be gone soon as well.
 */
export const LOCK_PATIENCE_MS = 45_000
const LOCK_PAUSE_MS = 500

export interface EndedTask {
  readonly upid: string
  readonly exitStatus: string
}

/**
 * Starts a task, follows it to its end and rejects with its failure. One that found the VM locked has not begun, so it is
 * started again for a while. `answer-lost` when it is not known whether it was started: that is never tried again here.
 */
export function runTask(
  cluster: Cluster,
  vm: Pick<Vm, 'nativeId' | 'name'>,
  call: Call,
  doing: string,
  start: (node: string) => Promise<string>,
  patienceMs: number = LOCK_PATIENCE_MS,
): Promise<EndedTask> {
  const once = async () => {
    const upid = await onNode(cluster, vm, call, start)
    const exitStatus = await followTask(cluster, upid, call, doing)
    if (isSuccess(exitStatus)) return { upid, exitStatus }
    call.changeSent = false
    throw taskError(doing, exitStatus, { upid, vmid: vm.nativeId })
  }
  return retryLocked(cluster, call, once, patienceMs)
}

/** Repeats what found the VM locked and had therefore done nothing. */
export function retryLocked<Answer>(
  { clock }: Pick<Cluster, 'clock'>,
  { signal }: Call,
  work: () => Promise<Answer>,
  limitMs: number = LOCK_PATIENCE_MS,
): Promise<Answer> {
  const limit = { clock, signal, pauseMs: LOCK_PAUSE_MS, limitMs }
  return retry(work, { ...limit, when: isLocked })
}

export function isCode(error: unknown, ...codes: readonly StillshotError['code'][]): error is StillshotError {
  return error instanceof StillshotError && codes.includes(error.code)
}
