import type { RestorePoint } from '../catalog/catalog.ts'
import { StillshotError, toStillshotError } from '../errors.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import type { UndoRecord } from '../saga/journal-event.ts'
import { retry } from '../system/retry.ts'
import { declareWhole } from './declare-whole.ts'
import type { LoadBack } from './load-back.ts'
import { type Loading, loadDatabases, loadUsers } from './load-databases.ts'
import type { BackupRestorePlan } from './plan-backup-restore.ts'
import type { Run } from './run.ts'
import { LOCK_TTL_MS } from './take-backup.ts'

export interface Replacing {
  readonly run: Run
  readonly vm: Vm
  readonly loading: Loading
  readonly plan: BackupRestorePlan
  /** The dump of what is there; undefined where none was made. */
  readonly safetyPoint: RestorePoint | undefined
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
    { step: 'load', undo: wayBack(replacing) },
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
async function loadOrLook({ run, vm, loading, plan }: Replacing): Promise<void> {
  const { clock, signal } = loading
  try {
    await loadDatabases(loading, plan.databases)
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

/** Urgent, and before the application starts. It ends by itself when nothing moves. */
function wayBack({ run, vm, loading, plan, safetyPoint }: Replacing): UndoRecord {
  const { databases, users, held } = plan
  const what = users ? 'databases and accounts' : 'databases'
  const safety = safetyPoint && { repository: loading.repository.name, vm: safetyPoint.vm, id: safetyPoint.id }
  const from =
    safety === undefined ? 'from a backup' : `of backup ${safety.id} as \`stillshot show ${safety.id}\` tells`
  return {
    action: 'load-back',
    args: {
      ...safety,
      ...{ databases: JSON.stringify(databases), users: String(users) },
      ...{ run: run.id, held: String(held), machine: vm.uuid },
    },
    urgent: true,
    timeoutMs: LOCK_TTL_MS,
    byHand:
      `stop the application, put back the ${what} ${databases.join(', ')} ${from}, ` +
      `\`stillshot-guest whole ${run.id} mended\` as root in the guest, then \`stillshot recover\``,
  }
}

/** What {@link replaceDatabases} wrote in the journal. */
export function loadBackOf(args: Readonly<Record<string, string>>): LoadBack {
  const { repository, vm, id, databases, users, run, held, machine } = args
  if (databases === undefined || run === undefined || machine === undefined) {
    throw new StillshotError('journal-damaged', 'an undo lacks an argument in the journal')
  }
  const isKept = repository !== undefined && vm !== undefined && id !== undefined
  return {
    safety: isKept ? { repository, vm, id } : undefined,
    ...{ run, machine, users: users === 'true', held: held === 'true' },
    databases: JSON.parse(databases) as readonly string[],
  }
}
