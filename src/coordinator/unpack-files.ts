import { StillshotError } from '../errors.ts'
import type { Part } from '../repository/manifest.ts'
import { openStream } from '../repository/stored-stream.ts'
import { onlyMembers } from '../repository/tar/only-members.ts'
import { stallLimit } from '../system/stall-limit.ts'
import { watched } from './arriving-stream.ts'
import type { Loading } from './load-databases.ts'

export interface UnpackOrder {
  readonly part: Part
  /** Absolute paths in the guest; each under one of its profile's. */
  readonly paths: readonly string[]
  /** Names the folder in the guest that they are put into, beside what is there. */
  readonly id: string
  /** Of the archive these members alone; default: all under `paths`. */
  readonly only?: ReadonlySet<string>
}

const STALL_MS = 300_000

/**
 * Puts files of a backup beside what is there, with owners, modes and attributes. May be repeated.
 * Rejects with `load-failed` when not all of it could be written.
 */
export async function unpackFiles(
  { clock, helper, profile, repository, manifest, machine, signal }: Loading,
  { part, paths, id, only }: UnpackOrder,
): Promise<void> {
  const stream = manifest.streams.find((each) => each.part === part && each.content === 'tar')
  if (stream === undefined) throw new StillshotError('backup-not-found', `the backup ${manifest.id} holds no ${part}`)
  using limit = stallLimit(clock, `${manifest.vm}: ${stream.name}`, STALL_MS, signal)
  const key = { vm: manifest.vm, id: manifest.id }
  async function* body() {
    if (stream === undefined) return
    const whole = watched(openStream(repository, key, stream, limit.signal), limit.moved)
    yield* only === undefined ? whole : onlyMembers(whole, only, stream.name)
  }
  const end = await helper.stream('unpack', [profile, id], {
    ...{ paths, machine },
    body: body(),
    signal: limit.signal,
    output: async (bytes) => {
      for await (const _ of bytes);
    },
  })
  if (end.exitStatus === 0) return
  const why = end.stderr.trim().slice(-500) || 'tar gave no reason'
  throw new StillshotError('load-failed', `${manifest.vm}: not all files of ${stream.name} could be written: ${why}`)
}
