import type { Fault } from './fault.ts'
import type { GroundName } from './ground.ts'
import type { Boundary, Procedure } from './procedure.ts'

/** One fault at one boundary of one procedure. */
export interface Cell {
  /** `snapshot/release/kill-9`. */
  readonly name: string
  readonly procedure: Procedure
  readonly boundary: Boundary
  readonly fault: Fault
  readonly ground: GroundName
}

export interface Versions {
  readonly stillshot: string
  readonly mariadb: string
  /** Where the cell was played on them. */
  readonly libvirt?: string
  readonly qemu?: string
}

/** What came out of a cell; one line of the results. */
export interface CellResult {
  readonly cell: string
  /** ISO 8601 UTC. */
  readonly at: string
  /** What the user was told, command by command. */
  readonly told: readonly string[]
  /** The error's own words, shortened. */
  readonly message?: string
  /** Sum of the times in which no server answered, seen by the observer in the guest. */
  readonly outageMs: number
  /** Longest of them. */
  readonly longestMs: number
  /** Grades of the restore points that were left. */
  readonly grades: readonly string[]
  /** Promises that were not kept, in words; empty when all were. */
  readonly broken: readonly string[]
  /** Why the cell does not count: the command ended before the boundary, on a busy machine. */
  readonly notRun?: string
  readonly tookMs: number
  readonly versions: Versions
}
