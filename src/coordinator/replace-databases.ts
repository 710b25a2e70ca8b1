import type { RestorePoint } from '../catalog/catalog.ts'
import { toStillshotError } from '../errors.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import type { Manifest } from '../repository/manifest.ts'
import { retry } from '../system/retry.ts'
import { declareWhole } from './declare-whole.ts'
import type { LoadBack } from './load-back.ts'
import { wayBack } from './load-back-undo.ts'
import { type Loading, loadDatabases, loadUsers } from './load-databases.ts'
import type { BackupRestorePlan } from './plan-backup-restore.ts'
import type { Run } from './run.ts'

export interface Replacing {
  readonly run: Run
  readonly vm: Vm
  readonly loading: Loading
  readonly plan: BackupRestorePlan
  /** The dump of what is there; undefined where none was made. */
  readonly safetyPoint: RestorePoint | undefined
  /** What is carried out over them. */
  readonly changes?: Manifest
}

/**
 * Drops the databases of the plan and makes them anew. From before the first drop until the guest is told that they are whole, it
 * keeps the application down, whatever becomes of us. Rejects with `load-failed` when not all of it was taken.
 */
export async function replaceDatabases(replacing: Replacing): Promise<void> {
  const { run, vm, loading, plan } = replacing
  if (plan.databases.length === 0) return
  const machine = vm.uuid
  await run.saga.step(
    { step: 'load', undo: wayBack({ run: run.id, machine, plan, safety: safetyOf(replacing) }) },
    async () => {
      await run.helper.status({ signal: loading.signal, machine })
      await loadOrLook(replacing)
      if (plan.users) await loadUsers(loading)
      await declareWhole(run.helper, { run: run.id, way: 'forward', machine, clock: loading.clock })
    },
    { settles: ['load'] },
  )
}

const LOOK_FOR_MS = 60_000

/** An answer that was lost says nothing: the guest knows whether the load was carried out to its end. */
async function loadOrLook({ run, vm, loading, plan, changes }: Replacing): Promise<void> {
  const { clock, signal } = loading
  try {
    await loadDatabases(loading, plan.databases, changes)
  } catch (thrown) {
    if (!isLost(thrown)) throw thrown
    const look = () => run.helper.status({ signal, machine: vm.uuid, timeoutMs: 30_000 })
    const { half } = await retry(look, { clock, signal, pauseMs: 2_000, limitMs: LOOK_FOR_MS, when: isLost }).catch(
      () => {
        throw thrown
      },
    )
    if (half?.run !== run.id || half.loaded !== 'drop') throw thrown
  }
}

function isLost(thrown: unknown): boolean {
  return toStillshotError(thrown).code === 'guest-unreachable'
}

function safetyOf({ loading, safetyPoint }: Replacing): LoadBack['safety'] {
  return safetyPoint && { repository: loading.repository.name, vm: safetyPoint.vm, id: safetyPoint.id }
}
