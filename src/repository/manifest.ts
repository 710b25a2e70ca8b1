import { StillshotError } from '../errors.ts'
import type { KeptPlace } from './place.ts'

/** What a backup is made of; on the command line in this order. */
export const PARTS = ['databases', 'files', 'configuration'] as const
export type Part = (typeof PARTS)[number]

/** How a stream is packed; named by the end of its file name as the usual programs write it. `none`: as it is. */
export const COMPRESSIONS = ['zstd', 'gzip', 'none'] as const
export type Compression = (typeof COMPRESSIONS)[number]

/** What a backup holds and how it is read back without stillshot. Written last: a backup without it is none. */
export interface Manifest {
  readonly version: 1
  readonly kind: 'stillshot-backup'
  readonly id: string
  /** Name under `vms:`. */
  readonly vm: string
  /** See src/catalog/catalog.ts. */
  readonly vmKey: string
  readonly hypervisor: string
  readonly createdAt: string
  readonly endedAt: string
  /** Where the repository lay when it was written; absent: not known. */
  readonly place?: KeptPlace
  /** Kept with the restore point; absent where there is none. */
  readonly note?: string
  readonly grade: string
  readonly reasons: readonly { readonly code: string; readonly message: string }[]
  /** Facts about the server that was dumped; null where there is no dump. */
  readonly server: ServerFacts | null
  readonly streams: readonly StreamFacts[]
  /** What a person types, in this order, in the folder of the backup. */
  readonly restore: readonly string[]
  /** See src/repository/manifest-signature.ts; older backups have none. */
  readonly signature?: string
}

export interface ServerFacts {
  readonly version: string
  readonly comment: string
  /** The program that made the dump, as it names itself. */
  readonly dumpProgram: string
  readonly databases: readonly string[]
  /** Where the dump stands in the server's binary log; null where it has none. */
  readonly position: LogPosition | null
  /** MySQL's name for the server; absent where it has none. */
  readonly uuid?: string
}

export interface LogPosition {
  readonly file: string
  readonly position: number
  /** MariaDB's name for it; null where the dump does not tell. */
  readonly gtid: string | null
}

export interface StreamFacts {
  /** File name. */
  readonly name: string
  readonly part: Part
  readonly content: 'sql' | 'users' | 'tar' | 'packages' | 'binlog' | 'report'
  readonly compression: Compression
  /** How it is sealed after it was packed; absent: not at all. */
  readonly sealed?: 'age'
  readonly sizeBytes: number
  readonly sha256: string
  /** Before it was packed. */
  readonly contentBytes: number
  /** Of a tar: the paths that it holds, as the guest named them. */
  readonly paths: readonly string[]
  /** Of a tar: what the program said about files that changed while it read them. */
  readonly changedWhileRead: readonly string[]
}

/** The manifest in `text`. Rejects with `backup-damaged` for what is none, `version-newer` for one of a later stillshot. */
export function readManifest(text: string, where: string): Manifest {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (cause) {
    throw new StillshotError('backup-damaged', `${where} is no JSON`, { cause })
  }
  const { version, kind, streams, restore, id, vm } = (document ?? {}) as Record<string, unknown>
  if (kind !== 'stillshot-backup') throw new StillshotError('backup-damaged', `${where} is no manifest of a backup`)
  if (typeof version === 'number' && version > 1) {
    throw new StillshotError('version-newer', `${where} has version ${version}, we read 1`)
  }
  const whole = version === 1 && typeof id === 'string' && typeof vm === 'string' && Array.isArray(restore)
  if (!whole || !Array.isArray(streams) || !streams.every(isStream)) {
    throw new StillshotError('backup-damaged', `${where} lacks what every manifest has`)
  }
  return document as Manifest
}

/** A name that leads out of the folder would have a reader open what is no part of the backup. */
function isStream(value: unknown): boolean {
  const { name, sha256, sizeBytes, part, compression, sealed } = (value ?? {}) as Record<string, unknown>
  return (
    typeof name === 'string' &&
    isStreamName(name) &&
    typeof sha256 === 'string' &&
    typeof sizeBytes === 'number' &&
    PARTS.some((each) => each === part) &&
    COMPRESSIONS.some((each) => each === compression) &&
    (sealed === undefined || sealed === 'age')
  )
}

export function isStreamName(name: string): boolean {
  return /^[a-z][a-z0-9.-]{0,100}$/.test(name)
}
