import { StillshotError, toStillshotError } from '../errors.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import type { Clock } from '../system/clock.ts'
import { retry } from '../system/retry.ts'
import { isWorthAnotherTry } from './passing.ts'

export interface Whole {
  /** The run whose load it was. */
  readonly run: string
  readonly way: 'forward' | 'back'
  /** SMBIOS UUID of the guest. */
  readonly machine: string
  readonly clock: Clock
  /** Default: no abort ends it, since what was loaded is whole. */
  readonly signal?: AbortSignal
}

/** Starts of what ran are in it where the hold is over. */
const CALL_MS = 300_000
const TRY_FOR_MS = 600_000

/**
 * Tells the guest that the databases are whole, so that what the hold stopped may start again. Idempotent. Rejects with
 * `come-back-failed` when they are, and not everything that ran is active again.
 */
export async function declareWhole(helper: GuestHelper, { run, way, machine, clock, signal }: Whole): Promise<void> {
  const call = { machine, timeoutMs: CALL_MS, ...(signal === undefined ? {} : { signal }) }
  const limits = { clock, pauseMs: 1_000, longestPauseMs: 30_000, limitMs: TRY_FOR_MS, when: isWorthAnotherTry }
  try {
    await retry(() => helper.whole(run, way, call), { ...limits, ...(signal === undefined ? {} : { signal }) })
  } catch (thrown) {
    const { message, details } = toStillshotError(thrown)
    if (details.helperCode !== 'start-failed') throw thrown
    throw new StillshotError('come-back-failed', message, { cause: thrown })
  }
}
