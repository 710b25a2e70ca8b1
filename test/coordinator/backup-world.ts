import type { RestorePoint } from '../../src/catalog/catalog.ts'
import type { BackupJob } from '../../src/coordinator/backup-job.ts'
import { holdForBackup } from '../../src/coordinator/hold-for-backup.ts'
import { StillshotError } from '../../src/errors.ts'
import type { World } from '../world/world.ts'

export interface JobOptions {
  readonly disks?: readonly string[]
  /** Milliseconds from the hold to the job's point in time; it says so at once. */
  readonly startsAfterMs?: number
  readonly signal?: AbortSignal
}

/** A backup job of the model's world, and whether the server ran at its point in time. */
export function modelJob(world: World, { disks = ['vda'], startsAfterMs = 400 }: JobOptions = {}) {
  const seen: { runningAtPoint?: boolean; run?: string } = {}
  const job: BackupJob = {
    facts: { disks, storage: 'nas' },
    goOn: (run) => {
      seen.run = run
    },
    async started(signal) {
      await world.clock.sleep(startsAfterMs, signal)
      seen.runningAtPoint = world.guest.facts.running
    },
  }
  return { job, seen }
}

export async function backUp(world: World, options: JobOptions & { job?: BackupJob } = {}): Promise<RestorePoint> {
  const job = options.job ?? modelJob(world, options).job
  return holdForBackup(world.ports, world.settings, { job, signal: options.signal ?? new AbortController().signal })
}

export function codeOf(thrown: unknown): string {
  return thrown instanceof StillshotError ? thrown.code : String(thrown)
}

export const TIMES = {
  heldAt: '2026-11-27 02:30:07',
  loggedAt: '2026-11-27 02:30:08',
  seenAt: '2026-11-27 02:30:08',
  releasedAt: '2026-11-27 02:30:12',
}
