import { StillshotError } from '../errors.ts'
import type { Compression, StreamFacts } from './manifest.ts'
import { type Observed, observed } from './observed.ts'
import { PACKED, unpack } from './pack.ts'
import type { BackupKey, ByHand, Repository } from './repository.ts'
import { SEALED } from './sealing.ts'

/** What becomes of a stream before it is stored. */
export interface Wrapping {
  readonly compression: Compression
  readonly sealed?: 'age'
}

/** How a repository wants its streams. */
export function wrappingOf({ compression, sealing }: Pick<Repository, 'compression' | 'sealing'>): Wrapping {
  return { compression, ...(sealing === undefined ? {} : { sealed: sealing.kind }) }
}

/** The name of a stream that is stored like this: `databases.sql.zst.age`. */
export function storedName(plain: string, { compression, sealed }: Wrapping): string {
  const suffixes = [PACKED[compression].suffix, sealed === undefined ? '' : SEALED[sealed].suffix]
  return [plain, ...suffixes.filter((suffix) => suffix !== '')].join('.')
}

/** What is packed, as `repository` stores it. Rejects with what `packed` throws. */
export function sealFor(
  { sealing }: Pick<Repository, 'sealing'>,
  packed: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  return sealing === undefined ? packed : sealing.seal(packed, { signal })
}

/** Undoes packing and {@link sealFor}, whatever the repository wants today. */
export function unwrap(
  repository: Pick<Repository, 'name' | 'sealing'>,
  stored: AsyncIterable<Uint8Array>,
  { name, compression, sealed }: Pick<StreamFacts, 'name' | 'compression' | 'sealed'>,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  if (sealed === undefined) return unpack(stored, compression, name)
  if (repository.sealing === undefined) throw identityMissing(repository.name, name)
  return unpack(repository.sealing.open(stored, name, { signal }), compression, name)
}

/**
 * A stream of a backup as it was in the guest. It ends well only where the bytes that were read have the sum of the manifest: what was
 * compared before may be read another time, and a file that is not packed ends as well in its middle. Rejects with
 * `backup-damaged` then, and like {@link Repository.read} and {@link Sealing.open}, also in the middle.
 */
export async function* openStream(
  repository: Repository,
  key: BackupKey,
  stream: Pick<StreamFacts, 'name' | 'compression' | 'sealed' | 'sizeBytes' | 'sha256'>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const stored = observed(await repository.read(key, stream.name, { signal }), { sum: true })
  yield* unwrap(repository, stored.bytes, stream, signal)
  refuseOther(`${repository.whereabouts(key)}/${stream.name}`, stored, stream)
}

/** Throws `backup-damaged` unless what was read to its end is what was written. */
export function refuseOther(
  where: string,
  read: Pick<Observed, 'sizeBytes' | 'sha256'>,
  written: Pick<StreamFacts, 'sizeBytes' | 'sha256'>,
): void {
  if (read.sizeBytes === written.sizeBytes && read.sha256() === written.sha256) return
  throw new StillshotError('backup-damaged', `${where} is not what was written: its sum differs`)
}

/** Whether this machine can open a stream of the repository: where it cannot, its stored bytes can still be compared. */
export function canOpen({ sealing }: Pick<Repository, 'sealing'>, { sealed }: Pick<StreamFacts, 'sealed'>): boolean {
  return sealed === undefined || sealing?.opens === true
}

export function identityMissing(repository: string, name: string): StillshotError {
  return new StillshotError('identity-missing', `${name} is sealed, and repository ${repository} has no identity here`)
}

/** The pipe by which a person gets at the content of a stream: `gunzip -c < databases.sql.gz`, without the last bar. */
export function openByHand({ name, compression, sealed }: StreamFacts, hand: Pick<ByHand, 'read'>): string {
  const wrappers = [sealed === undefined ? '' : SEALED[sealed].open, PACKED[compression].unpack]
  const filters = wrappers.filter((wrapper) => wrapper !== '')
  const source = hand.read(name)
  if (!source.startsWith('<')) return [source, ...filters].join(' | ')
  const [first = 'cat', ...others] = filters
  return [`${first} ${source}`, ...others].join(' | ')
}
