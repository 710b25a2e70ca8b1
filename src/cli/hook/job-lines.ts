import { StillshotError } from '../../errors.ts'

/** One line of what the host says of a backup, cut into the kind of news and its words. */
export type JobLine =
  | { readonly kind: 'include' | 'exclude'; readonly disk: string }
  | { readonly kind: 'storage' | 'archive'; readonly name: string }
  | { readonly kind: 'held-at' | 'logged-at' | 'seen-at' | 'released-at'; readonly time: string }
  /** `hold`: the facts are complete. `alive`: nothing new. `end`: nothing more comes. */
  | { readonly kind: 'hold' | 'alive' | 'started' | 'given-up' | 'end' }

const DISK = /^(rootfs|[a-z]{2,10}[0-9]{1,3})$/
const STORAGE = /^[A-Za-z][A-Za-z0-9._-]{0,99}$/
const ARCHIVE = /^[A-Za-z0-9/_][A-Za-z0-9._:/@+-]{0,299}$/
const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/

const ALONE = ['hold', 'alive', 'started', 'given-up', 'end'] as const
const TIMES = ['held-at', 'logged-at', 'seen-at', 'released-at'] as const

/** Throws `usage` for what is no line of a job. Pure. */
export function readJobLine(line: string): JobLine {
  const blank = line.indexOf(' ')
  const word = blank < 0 ? line : line.slice(0, blank)
  const rest = blank < 0 ? '' : line.slice(blank + 1)
  const alone = ALONE.find((kind) => kind === line)
  if (alone !== undefined) return { kind: alone }
  const time = TIMES.find((kind) => kind === word)
  if (time !== undefined && TIME.test(rest)) return { kind: time, time: rest }
  if ((word === 'include' || word === 'exclude') && DISK.test(rest)) return { kind: word, disk: rest }
  if (word === 'storage' && STORAGE.test(rest)) return { kind: word, name: rest }
  if (word === 'archive' && ARCHIVE.test(rest)) return { kind: word, name: rest }
  throw new StillshotError('usage', `${JSON.stringify(line.slice(0, 80))} is nothing that a backup says`, {
    hint: 'the script on the host is of another version: write it again with `stillshot hook install`',
  })
}

/** What was said before `hold` or `end`, together. */
export interface Told {
  readonly disks: readonly string[]
  readonly storage?: string
  readonly archive?: string
  readonly times: {
    readonly heldAt?: string
    readonly loggedAt?: string
    readonly seenAt?: string
    readonly releasedAt?: string
  }
}

const TIME_KEYS = {
  'held-at': 'heldAt',
  'logged-at': 'loggedAt',
  'seen-at': 'seenAt',
  'released-at': 'releasedAt',
} as const

/** Pure; the last word about a thing counts. */
export function gather(lines: readonly JobLine[]): Told {
  const disks = new Set<string>()
  const names: { storage?: string; archive?: string } = {}
  const times: { heldAt?: string; loggedAt?: string; seenAt?: string; releasedAt?: string } = {}
  for (const line of lines) {
    if (line.kind === 'include') disks.add(line.disk)
    if (line.kind === 'exclude') disks.delete(line.disk)
    if (line.kind === 'storage' || line.kind === 'archive') names[line.kind] = line.name
    if ('time' in line) times[TIME_KEYS[line.kind]] = line.time
  }
  return { disks: [...disks], ...names, times }
}

/** The archive as Proxmox VE names it, `storage:backup/file`; without a storage its path. Pure. */
export function archiveName({ storage, archive }: Pick<Told, 'storage' | 'archive'>): string | undefined {
  if (archive === undefined || storage === undefined) return archive
  const name = archive.startsWith('/') ? archive.slice(archive.lastIndexOf('/') + 1) : archive
  return `${storage}:backup/${name}`
}
