import { StillshotError, toStillshotError } from '../errors.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import type { BackupKey } from '../repository/repository.ts'
import { retry } from '../system/retry.ts'
import { type Loading, loadDatabases, loadUsers } from './load-databases.ts'
import { isWorthAnotherTry } from './passing.ts'
import type { Ports, VmSettings } from './ports.ts'

export interface LoadBack extends BackupKey {
  readonly repository: string
  readonly databases: readonly string[]
  /** Accounts of the backup, too: those that were changed are as they were, those that are new stay. */
  readonly users: boolean
  /** The run whose load is taken back. */
  readonly run: string
  readonly held: boolean
  /** SMBIOS UUID of the guest. */
  readonly machine: string
}

/** A server that starts, or the rest of the load before; by then the hold is nearly over, and the guest refuses. */
const TRY_AGAIN_FOR_MS = 900_000
const STATUS_MS = 60_000
/** What another try does not change. */
const FINAL = ['nothing-dropped', 'not-held', 'too-late']

/**
 * Puts databases back as they were before a load that did not end well; does nothing where nothing was dropped. Idempotent.
 * Rejects with `load-failed` when the application may run again: what it wrote since would be dropped.
 */
export async function loadBack(
  { repositories, system }: Pick<Ports, 'repositories' | 'system'>,
  { profile }: Pick<VmSettings, 'profile'>,
  helper: GuestHelper,
  { repository: name, databases, users, run, held, machine, ...key }: LoadBack,
  signal: AbortSignal,
): Promise<string> {
  if (repositories === undefined) throw new StillshotError('not-supported', 'there are no repositories here')
  const repository = await repositories.open(name)
  const manifest = await repository.manifest(key, { signal })
  const claim = { run, held, way: 'back' } as const
  const guest = { helper, profile: profile.name, machine }
  const loading: Loading = { clock: system.clock, ...guest, repository, manifest, claim, signal }
  const attempt = async () => {
    await helper.status({ signal, timeoutMs: STATUS_MS, machine })
    await loadDatabases(loading, databases)
    if (users) await loadUsers(loading)
  }
  try {
    const limits = { signal, pauseMs: 5_000, limitMs: TRY_AGAIN_FOR_MS }
    await retry(attempt, { clock: system.clock, ...limits, when: mayPass })
  } catch (thrown) {
    if (helperCode(thrown) === 'nothing-dropped') return 'no database had been dropped'
    throw thrown
  }
  return `the databases are as they were before the restore: ${databases.join(', ')}`
}

function mayPass(thrown: unknown): boolean {
  const failed = toStillshotError(thrown).code === 'load-failed' && !FINAL.includes(String(helperCode(thrown)))
  return failed || isWorthAnotherTry(thrown)
}

function helperCode(thrown: unknown): unknown {
  return toStillshotError(thrown).details.helperCode
}
