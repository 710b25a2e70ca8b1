import type { TaskName } from './upid.ts'

/** One task: its name, its log, and how it ended. */
export interface Task extends TaskName {
  readonly upid: string
  readonly lines: readonly string[]
  readonly running: boolean
  /** Seconds since the epoch, once it has ended. */
  readonly endtime: number | undefined
  /** `OK`, `WARNINGS: n`, an error, or `unexpected status` when the worker was killed; undefined while it runs. */
  readonly exitStatus: string | undefined
  /** Settles when it has ended, in whatever way. */
  readonly ended: Promise<void>
}
