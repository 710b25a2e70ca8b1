import type { GuestHelper } from '../guest/guest-helper.ts'
import type { InventoryAnswer } from '../guest/protocol/answers.ts'
import type { StreamVerb } from '../guest/stream-verb.ts'
import type { Part, ServerFacts, StreamFacts } from '../repository/manifest.ts'
import type { BackupWriter, Repository } from '../repository/repository.ts'
import { sealFor, storedName, wrappingOf } from '../repository/stored-stream.ts'
import type { Clock } from '../system/clock.ts'
import { stallLimit } from '../system/stall-limit.ts'
import { NOTHING, type OnContent, packedHere, packedThere, watched } from './arriving-stream.ts'
import {
  changedFiles,
  DUMP_COMPLETED,
  judgeEnd,
  judgeLast,
  positionOf,
  TAR_COMPLETED,
  USERS_COMPLETED,
} from './judge-dump.ts'

/** One stream of a backup: what is asked of the guest, and what shows that it was whole. */
interface StreamPlan {
  readonly name: string
  readonly part: Part
  readonly content: StreamFacts['content']
  readonly verb: StreamVerb
  readonly args: readonly string[]
  readonly databases?: readonly string[]
  readonly paths?: readonly string[]
  readonly last?: RegExp
  readonly accept?: readonly number[]
  /** The guest is told the paths: they are not all of its profile. */
  readonly narrowed?: boolean
  /** The guest can pack it. */
  readonly packable?: boolean
}

/** GNU tar ends with 1 when files changed while it read them: the archive is whole, and they are named. */
const TAR_ENDS = [0, 1]

/** The streams of these parts, in the order in which they are made. Pure. */
export function planStreams(
  profile: string,
  parts: readonly Part[],
  inventory: InventoryAnswer,
  only?: readonly string[],
): readonly StreamPlan[] {
  const databases = inventory.databases.map(({ name }) => name)
  const tar = { content: 'tar', verb: 'archive', accept: TAR_ENDS, last: TAR_COMPLETED, packable: true } as const
  const plans: readonly (StreamPlan & { readonly wanted: boolean })[] = [
    {
      ...{ name: 'databases.sql', part: 'databases', content: 'sql', verb: 'dump', args: [profile], databases },
      ...{ last: DUMP_COMPLETED, packable: true, wanted: true },
    },
    {
      ...{ name: 'users.sql', part: 'databases', content: 'users', verb: 'users', args: [profile] },
      ...{ last: USERS_COMPLETED, wanted: true },
    },
    {
      ...tar,
      name: 'files.tar',
      part: 'files',
      args: [profile, 'files'],
      ...namedPaths(inventory.files, only),
    },
    {
      ...{ ...tar, name: 'configuration.tar', part: 'configuration', args: [profile, 'configuration'] },
      ...namedPaths(inventory.configuration, only),
    },
    {
      ...{ name: 'packages.txt', part: 'configuration', content: 'packages', verb: 'packages', args: [profile] },
      wanted: inventory.packages,
    },
  ]
  return plans.filter(({ part, wanted }) => wanted && parts.includes(part)).map(({ wanted: _, ...plan }) => plan)
}

/** `only`: these, and not all of the part. They are named for it whether or not any root of it is there. */
function namedPaths(roots: readonly string[], only: readonly string[] | undefined) {
  if (only === undefined) return { paths: roots, wanted: roots.length > 0 }
  const paths = only.filter((path) => roots.some((root) => path === root || path.startsWith(`${root}/`)))
  return { paths, wanted: paths.length > 0, narrowed: true }
}

interface Writing {
  readonly vm: string
  readonly clock: Clock
  readonly helper: GuestHelper
  readonly repository: Repository
  readonly writer: BackupWriter
  /** What packs in the guest. */
  readonly packers: readonly string[]
  /** SMBIOS UUID of the guest. */
  readonly machine: string
  readonly signal: AbortSignal
}

export interface WrittenStream {
  readonly facts: StreamFacts
  readonly position: ServerFacts['position']
}

/** A server that waits for a lock, or a disk that hangs, is given this long. */
const STALL_MS = 300_000

/**
 * Streams one part from the guest into the repository, packed on the way. Rejects with `dump-failed` when the guest's
 * program did not end well, and with what storage and connection say; nothing that was written is a backup then.
 */
export async function writeStream(writing: Writing, plan: StreamPlan, onContent?: OnContent): Promise<WrittenStream> {
  const { vm, clock, helper, repository, writer, machine, signal } = writing
  const wrapping = wrappingOf(repository)
  const { compression } = wrapping
  const name = storedName(plan.name, wrapping)
  using limit = stallLimit(clock, `${vm}: ${plan.name}`, STALL_MS, signal)
  const packsThere = compression !== 'none' && plan.packable === true && writing.packers.includes(compression)
  let arriving = NOTHING
  let stored = { sizeBytes: 0, sha256: '' }
  const end = await helper.stream(plan.verb, plan.args, {
    ...(plan.databases === undefined ? {} : { databases: plan.databases }),
    ...(plan.narrowed === true ? { paths: plan.paths ?? [] } : {}),
    ...(packsThere ? { pack: compression } : {}),
    ...{ machine, signal: limit.signal },
    output: async (bytes) => {
      const moving = watched(bytes, limit.moved)
      arriving = packsThere
        ? packedThere(moving, compression, name, onContent)
        : packedHere(moving, compression, onContent)
      stored = await writer.write(name, sealFor(repository, arriving.stored, limit.signal), { signal: limit.signal })
    },
  })
  judgeEnd(vm, plan.verb, end, plan)
  const { sizeBytes: contentBytes, head, tail } = await arriving.content()
  judgeLast(vm, plan.verb, end, { ...plan, tail })
  const { part, content, paths = [] } = plan
  const changedWhileRead = content === 'tar' ? changedFiles(end.stderr) : []
  const facts = { name, part, content, ...wrapping, ...stored, contentBytes, paths, changedWhileRead }
  return { facts, position: content === 'sql' ? positionOf(head) : null }
}

/** Stores a text of our own as one more stream. */
export async function writeReport(
  { repository, writer, signal }: Pick<Writing, 'repository' | 'writer' | 'signal'>,
  text: string,
): Promise<WrittenStream> {
  const wrapping = wrappingOf(repository)
  const name = storedName('configuration-report.txt', wrapping)
  const arriving = packedHere(oneChunk(Buffer.from(text)), wrapping.compression)
  const stored = await writer.write(name, sealFor(repository, arriving.stored, signal), { signal })
  const { sizeBytes: contentBytes } = await arriving.content()
  const own = { name, part: 'configuration', content: 'report', paths: [], changedWhileRead: [] } as const
  return { facts: { ...own, ...wrapping, ...stored, contentBytes }, position: null }
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
