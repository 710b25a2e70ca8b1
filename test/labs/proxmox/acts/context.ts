import type { Cluster } from '../cluster.ts'
import type { Guest } from '../guests/guest.ts'
import type { WorkerProcess } from '../tasks/worker.ts'

/** What every task of a guest works with. */
export interface WorkContext {
  readonly cluster: Cluster
  readonly worker: WorkerProcess
  readonly guest: Guest
}

/** Runs `work` under the flock of the guest's configuration. */
export function underLock<Result>({ cluster, worker, guest }: WorkContext, work: () => Result): Promise<Result> {
  return cluster.lockConfig(guest, worker, work)
}
