import type { Clock } from '../../../src/system/clock.ts'
import type { BackupJob } from './backup-job.ts'

/** The hypervisor's host as backups have it: their jobs, its own wall clock, and the archives that are whole. */
export class BackupHost {
  /** What its wall clock shows beyond the world's. */
  wallOffsetMs = 0
  /** Oldest first. */
  readonly jobs: BackupJob[] = []
  /** Names of whole archives. */
  readonly archives = new Set<string>()
  readonly #clock: Pick<Clock, 'now'>

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  /** The job that is under way; a VM has one at a time. */
  get job(): BackupJob | undefined {
    return this.jobs.findLast(({ phase }) => phase !== 'over')
  }

  /** Local time in whole seconds, as its logs have it. */
  readonly time = (): string =>
    new Date(this.#clock.now() + this.wallOffsetMs).toISOString().slice(0, 19).replace('T', ' ')
}
