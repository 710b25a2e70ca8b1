import { StillshotError } from '../errors.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import type { OverOrder } from '../guest/over-order.ts'
import type { UndoRecord } from '../saga/journal-event.ts'
import type { Clock } from '../system/clock.ts'
import { retry } from '../system/retry.ts'
import { isWorthAnotherTry } from './passing.ts'

/** All of it may be copied once more, where a folder lies on a file system of its own. */
const UNDO_MS = 14_400_000
export const TRY_FOR_MS = 600_000

/** What is written over what is there, and in which machine. */
export interface Written extends Omit<OverOrder, 'way'> {
  /** SMBIOS UUID of the guest. */
  readonly machine: string
}

interface Call {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** A lost answer is asked for again: the guest knows what it has written. */
export async function sayOver(
  helper: GuestHelper,
  { machine, ...order }: Written & Pick<OverOrder, 'way'>,
  { clock, timeoutMs, signal }: Call,
) {
  const call = { machine, timeoutMs, ...(signal === undefined ? {} : { signal }) }
  const limits = { clock, pauseMs: 1_000, longestPauseMs: 30_000, limitMs: TRY_FOR_MS, when: isWorthAnotherTry }
  return retry(() => helper.over(order, call), { ...limits, ...(signal === undefined ? {} : { signal }) })
}

/** The way back from a writing: urgent, and before the application starts. */
export function filesBack({ profile, run, held, paths, machine }: Written, safety: string | undefined): UndoRecord {
  const from = safety === undefined ? '' : `; what was there before is backup ${safety}`
  return {
    action: 'files-back',
    args: { profile, run, held: String(held), paths: JSON.stringify(paths), machine },
    urgent: true,
    timeoutMs: UNDO_MS,
    byHand: `look in ${paths.join(', ')} for folders .stillshot-${run}, in whose old/ the files of before are, then \`stillshot recover\`${from}`,
  }
}

/**
 * The end of a writing that did not end well: as it was before, or, where all was written and the application may have used it
 * since, as it is. Idempotent; the guest decides.
 */
export async function putFilesBack(
  helper: GuestHelper,
  clock: Clock,
  args: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  const { profile, run, held, paths, machine } = args
  if (profile === undefined || run === undefined || paths === undefined || machine === undefined) {
    throw new StillshotError('journal-damaged', 'an undo lacks an argument in the journal')
  }
  const named = JSON.parse(paths) as readonly string[]
  const order = { profile, run, machine, held: held === 'true', paths: named, way: 'back' } as const
  const { way } = await sayOver(helper, order, { clock, signal, timeoutMs: UNDO_MS })
  if (way === 'none') return 'no file had been written'
  const what = named.join(', ')
  if (way === 'forward')
    return `the files had all been written, and the application has run with them: ${what} are of the backup`
  return `the files are as they were before the restore: ${what}`
}
