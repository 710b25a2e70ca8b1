import { toStillshotError } from '../errors.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import type { Manifest, Part } from '../repository/manifest.ts'
import { unpack } from '../repository/pack.ts'
import type { Repository } from '../repository/repository.ts'
import { openStream } from '../repository/stored-stream.ts'
import type { Clock } from '../system/clock.ts'
import { stallLimit } from '../system/stall-limit.ts'
import { watched } from './arriving-stream.ts'
import { type Compared, compareFiles } from './compare-files.ts'
import { judgeEnd } from './judge-dump.ts'

export interface FilesLook {
  readonly clock: Clock
  readonly helper: GuestHelper
  readonly profile: string
  /** SMBIOS UUID of the guest. */
  readonly machine: string
  /** What packs in the guest. */
  readonly packers: readonly string[]
  readonly repository: Repository
  /** Of the backup that is wanted. */
  readonly manifest: Manifest
  readonly signal: AbortSignal
}

/** A part of which these paths are wanted. */
export interface WantedArchive {
  readonly part: Part
  readonly paths: readonly string[]
}

const STALL_MS = 300_000
/** GNU tar ends with 1 when files changed while it read them. */
const TAR_ENDS = [0, 1]

/** How the guest differs from the backup, read from it as it is now; changes nothing. Rejects with `dump-failed`, `backup-damaged`. */
export async function lookAtFiles(look: FilesLook, { part, paths }: WantedArchive): Promise<Compared> {
  const { clock, helper, profile, machine, packers, manifest } = look
  using limit = stallLimit(clock, `${manifest.vm}: ${part}`, STALL_MS, look.signal)
  const signal = limit.signal
  const packed = packers.includes('zstd') ? 'zstd' : packers.includes('gzip') ? 'gzip' : 'none'
  let compared: Compared | undefined
  let failure: unknown
  const end = await helper.stream('archive', [profile, part], {
    ...{ paths, machine, signal },
    ...(packed === 'none' ? {} : { pack: packed }),
    output: async (bytes) => {
      try {
        const now = unpack(watched(bytes, limit.moved), packed, part)
        compared = await compareFiles(part, paths, now, backedUp({ ...look, signal }, part, limit.moved))
      } catch (thrown) {
        failure = thrown
      }
    },
  })
  // What the guest says of itself tells more than that its stream broke off.
  if (failure === undefined || toStillshotError(failure).code === 'backup-damaged') {
    judgeEnd(manifest.vm, 'archive', end, { accept: TAR_ENDS })
  }
  if (compared === undefined) throw failure
  return compared
}

/** The same with a copy of the guest's files that was just made. */
export async function compareWithCopy(
  look: FilesLook,
  { part, paths }: WantedArchive,
  copy: Manifest,
): Promise<Compared> {
  using limit = stallLimit(look.clock, `${look.manifest.vm}: ${part}`, STALL_MS, look.signal)
  const within = { ...look, signal: limit.signal }
  return compareFiles(
    part,
    paths,
    backedUp({ ...within, manifest: copy }, part, limit.moved),
    backedUp(within, part, limit.moved),
  )
}

async function* backedUp(
  { repository, manifest, signal }: Pick<FilesLook, 'repository' | 'manifest' | 'signal'>,
  part: Part,
  moved: () => void,
): AsyncGenerator<Uint8Array> {
  const stream = manifest.streams.find((each) => each.part === part && each.content === 'tar')
  // Of what was not there no copy was made.
  if (stream === undefined) return yield Buffer.alloc(1024)
  yield* watched(openStream(repository, { vm: manifest.vm, id: manifest.id }, stream, signal), moved)
}
