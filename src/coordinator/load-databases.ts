import { StillshotError } from '../errors.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import type { Manifest, StreamFacts } from '../repository/manifest.ts'
import { onlyDatabases } from '../repository/only-databases.ts'
import type { BackupKey, Repository } from '../repository/repository.ts'
import { openStream } from '../repository/stored-stream.ts'
import type { Clock } from '../system/clock.ts'
import { stallLimit } from '../system/stall-limit.ts'

export interface Loading {
  readonly clock: Clock
  readonly helper: GuestHelper
  readonly profile: string
  readonly repository: Repository
  readonly manifest: Manifest
  readonly claim: LoadClaim
  /** SMBIOS UUID of the guest. */
  readonly machine: string
  readonly signal: AbortSignal
}

/** What the guest looks at before it drops anything. */
export interface LoadClaim {
  /** The run that loads; its hold has the same id. */
  readonly run: string
  /** `back`: only where a `drop` of this run had begun, and before anything else may have been written. */
  readonly way: 'drop' | 'back'
  /** The application stands still, under the hold of the run, or else nothing is dropped. */
  readonly held: boolean
}

/** An index of a large table may take this long while nothing else moves. */
const STALL_MS = 1_800_000
const LOADED = 'stillshot-loaded'

/**
 * Drops the databases and makes them anew from the backup; one that the backup lacks stays dropped. Others are left alone.
 * `changes`: what was kept of a binary log, carried out over them. May be repeated. Rejects with `load-failed` when the server
 * did not take all of it: those databases are then half made, unless `details.helperCode` tells that the guest refused.
 */
export async function loadDatabases(loading: Loading, databases: readonly string[], changes?: Manifest): Promise<void> {
  const { manifest } = loading
  const names = manifest.server?.databases ?? []
  const wanted = names.filter((name) => databases.includes(name))
  const all = wanted.length === names.length
  const statements = async function* (bytes: AsyncIterable<Uint8Array>) {
    yield* all ? bytes : onlyDatabases(bytes, wanted, names)
  }
  const dump = wanted.length === 0 ? [] : sources(manifest, 'sql', statements)
  await load(loading, databases, [...dump, ...(changes === undefined ? [] : sources(changes, 'binlog'))])
}

/** Makes accounts that are missing and sets those that are there, with their rights. May be repeated. */
export async function loadUsers(loading: Loading): Promise<void> {
  await load(loading, [], sources(loading.manifest, 'users'))
}

/** A stream that is loaded, one after the other. */
interface Source {
  readonly key: BackupKey
  readonly stream: StreamFacts
  readonly statements: (bytes: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>
}

function sources(
  { vm, id, streams }: Manifest,
  content: StreamFacts['content'],
  statements: Source['statements'] = (bytes) => bytes,
): readonly Source[] {
  return streams
    .filter((stream) => stream.content === content)
    .map((stream) => ({ key: { vm, id }, stream, statements }))
}

async function load(
  { clock, helper, profile, repository, manifest, claim, machine, signal }: Loading,
  databases: readonly string[],
  loaded: readonly Source[],
): Promise<void> {
  using limit = stallLimit(clock, `${manifest.vm}: load`, STALL_MS, signal)
  async function* body() {
    for (const { key, stream, statements } of loaded) {
      for await (const chunk of statements(openStream(repository, key, stream, limit.signal))) {
        limit.moved()
        yield chunk
      }
    }
    // Answered only when everything before it was carried out: the client stops at the first error.
    yield Buffer.from(`\nSELECT '${LOADED}';\n`)
  }
  let said = ''
  const end = await helper.stream('load', [profile, claim.run, claim.way, claim.held ? 'held' : 'free'], {
    ...{ databases, machine },
    body: body(),
    signal: limit.signal,
    output: async (bytes) => {
      for await (const chunk of bytes) said = `${said}${Buffer.from(chunk).toString('utf8')}`.slice(-1000)
    },
  })
  if (end.exitStatus === 0 && said.includes(LOADED)) return
  const helperCode = /^stillshot-guest: .* \(([a-z-]+)\)$/m.exec(end.stderr)?.[1]
  const message = `${manifest.vm}: the server did not take the dump: ${whyNot(end.stderr)}`
  throw new StillshotError('load-failed', message, helperCode === undefined ? {} : { details: { helperCode } })
}

/** The client shows the statement that failed, and the server what of it it did not understand: somebody's data, or the hash of a password. */
function whyNot(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => /^(ERROR \d|stillshot-guest: |sudo: )/.test(line))
  const said = lines.at(-1)?.replace(/\b(near|entry|value:?) '.*?'?(?=( for | at line |$))/g, '$1 …')
  return said?.slice(0, 300) ?? 'its last statement was not answered'
}
