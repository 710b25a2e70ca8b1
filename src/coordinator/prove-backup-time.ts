import type { Proof } from '../grade/proof.ts'
import type { HostTimes } from './unfinished-backup.ts'

const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/

/**
 * Claim `inside-hold`, by the job's own log: the line that ends its point in time was written after the hook had let the job
 * go on and before everything ran again. All four times are of one clock, in the order of their signs; whoever sets it
 * back in between takes the grade down, never up. Pure.
 */
export function proveBackupTime({ heldAt, loggedAt, seenAt, releasedAt }: HostTimes): Proof {
  const claim = 'inside-hold'
  const times = [heldAt, loggedAt, seenAt, releasedAt]
  const told = times.filter((time): time is string => time !== undefined && TIME.test(time))
  if (told.length < times.length) {
    return { claim, verdict: 'unknown', code: 'log-without-times', message: 'the log of the backup did not say when' }
  }
  const message = `by the host’s clock: held ${heldAt}, backup started ${loggedAt}, seen ${seenAt}, released ${releasedAt}`
  return told.every((time, index) => index === 0 || (told[index - 1] ?? '') <= time)
    ? { claim, verdict: 'proven', code: 'log-inside-hold', message }
    : { claim, verdict: 'contradicted', code: 'log-outside-hold', message }
}
