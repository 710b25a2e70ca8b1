import { parseDuration } from '../config/duration.ts'
import { StillshotError } from '../errors.ts'

/** For whoever waits without having said how long. */
export const DEFAULT_WAIT_MS = 30 * 60_000

/** What `--wait [duration]` says, in milliseconds; 0 where it is not given. Throws `usage` for what is no duration. */
export function waitOf(wait: string | true | undefined): number {
  if (wait === undefined) return 0
  const ms = wait === true ? DEFAULT_WAIT_MS : parseDuration(wait)
  if (ms !== undefined) return ms
  throw new StillshotError('usage', `--wait ${String(wait)} is no duration`, { hint: 'such as 90s, 30m or 2h' })
}
