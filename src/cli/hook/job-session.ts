import type { BackupJob } from '../../coordinator/backup-job.ts'
import { StillshotError, toStillshotError } from '../../errors.ts'
import type { Clock } from '../../system/clock.ts'
import { orAborted } from '../../system/or-aborted.ts'
import { gather, type JobLine, readJobLine, type Told } from './job-lines.ts'
import type { LineReader } from './line-reader.ts'

/** The host says `alive` several times a second: after this long without a word its line is dead. */
export const SILENCE_MS = 15_000

interface Line {
  readonly reader: LineReader
  readonly clock: Clock
}

/** Reads the host's facts up to the line `until`. Rejects with `backup-lost` when it ends or falls silent before. */
export async function readTold(line: Line, until: 'hold' | 'end', signal: AbortSignal): Promise<Told> {
  const lines: JobLine[] = []
  for (;;) {
    const said = await nextLine(line, signal)
    if (said.kind === until) return gather(lines)
    lines.push(said)
  }
}

export interface FollowedJob {
  readonly job: BackupJob
  /** Aborts with the given signal, and as soon as the host gives the backup up or is heard of no more. */
  readonly signal: AbortSignal
}

/**
 * A backup job at the other end of standard input, listened to from now on: a backup that nobody makes any more is no
 * reason to stop a database. What the job is told is printed.
 */
export function followJob(
  line: Line,
  { disks, storage }: Told,
  { signal, print }: { signal: AbortSignal; print: (text: string) => void },
): FollowedJob {
  const gone = new AbortController()
  let mayStart = false
  signal.addEventListener('abort', () => gone.abort(signal.reason), { once: true })
  const started = untilStarted(line, gone.signal, () => mayStart)
  started.catch((thrown: unknown) => gone.abort(toStillshotError(thrown)))
  const job: BackupJob = {
    facts: { disks, ...(storage === undefined ? {} : { storage }) },
    goOn: (run) => {
      mayStart = true
      print(`held ${run}\n`)
    },
    started: (limit) => orAborted(started, limit),
  }
  return { job, signal: gone.signal }
}

/** The order of the words is evidence: a backup that starts unasked has its point in time outside the hold. */
async function untilStarted(line: Line, signal: AbortSignal, mayStart: () => boolean): Promise<void> {
  for (;;) {
    const { kind } = await nextLine(line, signal)
    if (kind === 'started' && mayStart()) return
    if (kind === 'started') throw new StillshotError('backup-lost', 'the backup started before the guest stood still')
    if (kind === 'given-up') throw new StillshotError('backup-lost', 'the backup was given up before it had started')
  }
}

/** One line, waited for as long as a line that lives can be silent. */
async function nextLine({ reader, clock }: Line, signal: AbortSignal): Promise<JobLine> {
  using silence = clock.deadline(SILENCE_MS, signal)
  let text: string | undefined
  try {
    text = await reader.next(silence.signal)
  } catch (thrown) {
    signal.throwIfAborted()
    if (toStillshotError(thrown).code !== 'timed-out') throw thrown
    throw new StillshotError('backup-lost', `nothing was heard from the host of the backup for ${SILENCE_MS} ms`)
  }
  if (text === undefined) throw new StillshotError('backup-lost', 'the host of the backup hung up')
  return readJobLine(text)
}
