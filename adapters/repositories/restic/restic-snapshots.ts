import { StillshotError } from '../../../src/errors.ts'
import type { BackupKey } from '../../../src/repository/repository.ts'

/** Every stream is a snapshot of restic of its own; these tags tell which. */
const OURS = 'stillshot'
const MANIFEST_TAG = 'manifest'
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

/** What restic keeps of one stream. */
export interface StreamSnapshot {
  readonly snapshot: string
  readonly key: BackupKey
  /** File name. */
  readonly name: string
  readonly time: string
  /** The manifest: written last, it makes the others a backup. */
  readonly completes: boolean
}

/** Tags of a new snapshot. */
export function tagsOf({ id }: BackupKey, completes: boolean): readonly string[] {
  return [OURS, `backup=${id}`, ...(completes ? [MANIFEST_TAG] : [])]
}

/** Which snapshots to ask restic for. */
export const filters = {
  backup: ({ id, vm }: BackupKey) => ['--host', vm, '--tag', `${OURS},backup=${id}`],
  ours: ['--tag', OURS],
  whole: (vm: string) => ['--host', vm, '--tag', `${OURS},${MANIFEST_TAG}`],
} as const

/** The answer of `restic snapshots --json`; snapshots that others made are left out. `where` for messages. */
export function readSnapshots(text: string, where: string): readonly StreamSnapshot[] {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (cause) {
    throw new StillshotError('repository-unusable', `${where}: restic did not answer with a list`, { cause })
  }
  return (Array.isArray(document) ? document : []).flatMap(readSnapshot)
}

function readSnapshot(value: unknown): readonly StreamSnapshot[] {
  const { id: snapshot, hostname: vm, tags, paths, time } = (value ?? {}) as Record<string, unknown>
  if (typeof snapshot !== 'string' || typeof vm !== 'string' || typeof time !== 'string') return []
  if (!Array.isArray(tags) || !tags.includes(OURS) || !Array.isArray(paths)) return []
  const id = tags.map((tag) => /^backup=(.+)$/.exec(String(tag))?.[1]).find((found) => found !== undefined)
  const [path] = paths
  if (id === undefined || !ID.test(id) || typeof path !== 'string') return []
  const completes = tags.includes(MANIFEST_TAG)
  return [{ snapshot, key: { vm, id }, name: path.replace(/^\//, ''), time, completes }]
}
