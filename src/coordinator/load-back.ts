import { StillshotError, toStillshotError } from '../errors.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import type { HalfRestored } from '../guest/protocol/answers.ts'
import { retry } from '../system/retry.ts'
import { declareWhole } from './declare-whole.ts'
import { halfRestored } from './half-restored.ts'
import { type Loading, loadDatabases, loadUsers } from './load-databases.ts'
import { isWorthAnotherTry } from './passing.ts'
import type { Ports, VmSettings } from './ports.ts'

export interface LoadBack {
  /** The dump of what was there; undefined where none was made. */
  readonly safety: { readonly repository: string; readonly vm: string; readonly id: string } | undefined
  readonly databases: readonly string[]
  /** Accounts of the backup, too: those that were changed are as they were, those that are new stay. */
  readonly users: boolean
  /** The run whose load is taken back. */
  readonly run: string
  readonly held: boolean
  /** SMBIOS UUID of the guest. */
  readonly machine: string
}

/** A server that starts, or the rest of the load before. */
const TRY_AGAIN_FOR_MS = 900_000
const STATUS_MS = 60_000
/** A guest that is away is asked less and less often: it may be for an hour. */
const PAUSES = { pauseMs: 2_000, longestPauseMs: 60_000 } as const
/** What another try does not change. */
const FINAL = ['nothing-dropped', 'too-late', 'half-unkept', 'replaced']

/**
 * The end of a load that did not end well: what the databases hold decides. Where all of it was carried out they are whole;
 * else they are put back as they were before. Idempotent; does nothing where nothing of this run is half restored. Rejects with
 * `half-restored` when neither could be done: the guest then keeps the application down.
 */
export async function loadBack(
  ports: Pick<Ports, 'repositories' | 'system'>,
  settings: Pick<VmSettings, 'name' | 'profile'>,
  helper: GuestHelper,
  back: LoadBack,
  signal: AbortSignal,
): Promise<string> {
  const { clock } = ports.system
  const { run, machine } = back
  let seen: HalfRestored | undefined
  const attempt = async () => {
    const { half } = await helper.status({ signal, timeoutMs: STATUS_MS, machine })
    seen = half?.run === run ? half : undefined
    if (half && seen === undefined) return 'none'
    const way = wayOf(seen, back)
    const isNeedless = seen === undefined
    const isKept =
      way !== 'load' ||
      (await loadSafety(ports, settings, helper, back, signal).then(
        () => true,
        (thrown) => {
          // The load had ended well, only its last line is missing, and retention has had its turn since.
          if (isNeedless && toStillshotError(thrown).code === 'backup-not-found') return false
          throw thrown
        },
      ))
    // Where nothing is half, too: the guest ends a load that may still be at work there.
    await declareWhole(helper, { run, way: way === 'forward' ? way : 'back', machine, clock, signal })
    return isKept ? way : 'none'
  }
  try {
    const way = await retry(attempt, { clock, signal, ...PAUSES, limitMs: TRY_AGAIN_FOR_MS, when: mayPass })
    const names = back.databases.join(', ')
    if (way === 'none') return 'nothing of it is half restored'
    if (way === 'forward')
      return `the load had been carried out to its end, and the databases are those of the backup: ${names}`
    return `the databases are as they were before the restore: ${names}`
  } catch (thrown) {
    if (helperCode(thrown) === 'nothing-dropped') return 'no database had been dropped'
    if (seen === undefined) throw thrown
    if (back.held) await endHold(helper, back, signal)
    throw halfRestored(settings.name, seen, toStillshotError(thrown))
  }
}

/** The mark keeps the application down from here on; a hold that stays open would keep out the restore that mends it. */
async function endHold(helper: GuestHelper, { run, machine }: LoadBack, signal: AbortSignal): Promise<void> {
  await helper.release(run, { machine, signal, timeoutMs: STATUS_MS }).catch(() => {})
}

type Way = 'none' | 'forward' | 'back' | 'load'

/** Accounts may be set in part where the databases are whole: they are put back together, if there is what from. */
function wayOf(half: HalfRestored | undefined, { safety, users }: LoadBack): Way {
  if (half === undefined) return safety === undefined ? 'none' : 'load'
  if (half.loaded === 'back') return users ? 'load' : 'back'
  if (half.loaded === 'drop' && (safety === undefined || !users)) return 'forward'
  if (safety !== undefined) return 'load'
  throw new StillshotError('load-failed', 'no dump was made of what was there before', {
    details: { helperCode: 'too-late' },
  })
}

/** The guest refuses where nothing had been dropped: only it knows, once it has ended a load that may still be at work there. */
async function loadSafety(
  { repositories, system }: Pick<Ports, 'repositories' | 'system'>,
  { profile }: Pick<VmSettings, 'profile'>,
  helper: GuestHelper,
  { safety, databases, users, run, held, machine }: LoadBack,
  signal: AbortSignal,
): Promise<void> {
  if (repositories === undefined || safety === undefined) {
    throw new StillshotError('not-supported', 'there are no repositories here')
  }
  const { repository: name, ...key } = safety
  const repository = await repositories.open(name)
  const manifest = await repository.manifest(key, { signal })
  const claim = { run, held, way: 'back' } as const
  const guest = { helper, profile: profile.name, machine }
  const loading: Loading = { clock: system.clock, ...guest, repository, manifest, claim, signal }
  await loadDatabases(loading, databases)
  if (users) await loadUsers(loading)
}

function mayPass(thrown: unknown): boolean {
  const failed = toStillshotError(thrown).code === 'load-failed' && !FINAL.includes(String(helperCode(thrown)))
  return failed || helperCode(thrown) === 'still-half' || isWorthAnotherTry(thrown)
}

function helperCode(thrown: unknown): unknown {
  return toStillshotError(thrown).details.helperCode
}
