import { LINES, type ServerLines } from './log-patterns.ts'

export type Family = 'mariadb' | 'mysql'
type Numbers = readonly [number, number, number]

/** How the redo log of a version is laid out, and where its end stands after a clean stop. */
export interface RedoFormat {
  /**
   * `stream`: mini-transactions one after another, checkpoints at 4096 and 8192 (MariaDB 10.8+). `blocks`: 512-byte blocks,
   * checkpoints at 512 and 1536, and the LSN of the last clean stop in the first page of the system tablespace.
   */
  readonly layout: 'stream' | 'blocks'
  /** Format ids that stand in the first four bytes of the log. */
  readonly ids: readonly number[]
  /** Bytes of the log behind the last checkpoint of a clean stop. */
  readonly endAfterCheckpoint: bigint
}

/** What is known of a range of versions. This table is the only place that tells them apart. */
export interface KnownVersions {
  readonly family: Family
  /** First and last, inclusive. */
  readonly from: Numbers
  readonly to: Numbers
  readonly redo: RedoFormat
  readonly lines: ServerLines
  /** Series with recordings from a real server, in test/recordings/FAMILY-SERIES. Others cannot reach `db-stopped`. */
  readonly recorded: readonly string[]
}

const blocks = (...ids: number[]): RedoFormat => ({ layout: 'blocks', ids, endAfterCheckpoint: 0n })
const mariadb = { family: 'mariadb', lines: LINES.mariadb } as const
const mysql = { family: 'mysql', lines: LINES.mysql } as const

export const VERSIONS: readonly KnownVersions[] = [
  { ...mariadb, from: [10, 3, 0], to: [10, 4, 99], redo: blocks(103, 104), recorded: [] },
  { ...mariadb, from: [10, 5, 0], to: [10, 7, 99], redo: blocks(0x50485953), recorded: ['10.5'] },
  {
    ...mariadb,
    from: [10, 8, 0],
    to: [11, 8, 99],
    // The one mini-transaction of 16 bytes that names the checkpoint.
    redo: { layout: 'stream', ids: [0x50687973], endAfterCheckpoint: 16n },
    recorded: ['10.11', '11.8'],
  },
  { ...mysql, from: [5, 7, 0], to: [5, 7, 99], redo: blocks(1), recorded: [] },
  { ...mysql, from: [8, 0, 0], to: [8, 0, 29], redo: blocks(2, 3, 4, 5), recorded: [] },
  { ...mysql, from: [8, 0, 30], to: [8, 4, 99], redo: blocks(6), recorded: [] },
  { ...mysql, from: [9, 0, 0], to: [9, 7, 99], redo: blocks(6), recorded: ['9.7'] },
]

export interface ServerVersion {
  readonly family: Family
  /** `10.11`. */
  readonly series: string
  /** As the server says it: `10.11.19-MariaDB-0+deb12u1`. */
  readonly text: string
  /** Undefined for a version outside the table. */
  readonly known: KnownVersions | undefined
  /** Whether the stop of this version may be called proven. */
  readonly recorded: boolean
}

/** Finds the row for `SELECT version()`, or for the name of the maker in a redo header (`MariaDB 10.11.19`). */
export function findVersion(text: string): ServerVersion | undefined {
  const parts = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text)
  if (parts === null) return undefined
  const numbers: Numbers = [Number(parts[1]), Number(parts[2]), Number(parts[3] ?? 0)]
  const family: Family = /mariadb/i.test(text) ? 'mariadb' : 'mysql'
  const series = `${numbers[0]}.${numbers[1]}`
  const known = VERSIONS.find(
    (row) => row.family === family && compare(row.from, numbers) <= 0 && compare(numbers, row.to) <= 0,
  )
  return { family, series, text, known, recorded: known?.recorded.includes(series) ?? false }
}

function compare(left: Numbers, right: Numbers): number {
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2]
}
