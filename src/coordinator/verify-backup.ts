import type { RestorePoint } from '../catalog/catalog.ts'
import { StillshotError } from '../errors.ts'
import type { Manifest, StreamFacts } from '../repository/manifest.ts'
import { canonicalManifest } from '../repository/manifest-signature.ts'
import { observed } from '../repository/observed.ts'
import type { BackupKey, Repository } from '../repository/repository.ts'
import { canOpen, identityMissing, refuseOther, unwrap } from '../repository/stored-stream.ts'
import type { Clock } from '../system/clock.ts'
import { stallLimit } from '../system/stall-limit.ts'
import { dumpEvidence } from './backup-manifest.ts'
import { phase } from './phase.ts'
import type { Ports } from './ports.ts'

export interface VerifyReport {
  readonly version: 1
  readonly vm: string
  readonly point: string
  readonly where: string
  /**
   * Every one of them was read to its end and has the sum of the manifest; `opened`: it unpacks to its length, too, which
   * takes an identity where it is sealed.
   */
  readonly streams: readonly { readonly name: string; readonly sizeBytes: number; readonly opened: boolean }[]
}

type VerifyPorts = Pick<Ports, 'system' | 'progress' | 'repositories'>

/**
 * Reads a backup back and checks it against its manifest; changes nothing. Rejects with `backup-damaged`, which names the
 * first stream that is not as it was written, with `backup-not-found`, and with `not-supported` for a point of another kind.
 */
export async function verifyBackup(
  ports: VerifyPorts,
  point: RestorePoint,
  { signal }: { signal: AbortSignal },
): Promise<VerifyReport> {
  const { repository, manifest } = await openBackup(ports, point, signal)
  const key = { vm: manifest.vm, id: manifest.id }
  const { streams } = manifest
  await phase(ports, point.vm, 'verify', () => verifyStreams(ports.system.clock, repository, key, { streams, signal }))
  const read = streams.map((each) => ({
    name: each.name,
    sizeBytes: each.sizeBytes,
    opened: canOpen(repository, each),
  }))
  return { version: 1, vm: point.vm, point: point.id, where: point.snapshot, streams: read }
}

/** The backup of a restore point where it lies now. Rejects as {@link verifyBackup}. */
export async function openBackup(
  { repositories }: Pick<Ports, 'repositories'>,
  point: RestorePoint,
  signal: AbortSignal,
): Promise<{ readonly repository: Repository; readonly manifest: Manifest }> {
  const evidence = dumpEvidence(point)
  if (evidence === undefined || repositories === undefined) {
    throw new StillshotError('not-supported', `restore point ${point.id} is of kind ${point.kind}, no backup of ours`)
  }
  const repository = await repositories.open(evidence.repository)
  const key = { vm: point.vm, id: point.id }
  const manifest = await repository.manifest(key, { signal })
  // The sums of the streams are in it: whoever changed both would have changed data unseen.
  if (canonicalManifest(manifest) !== canonicalManifest(evidence.manifest)) {
    const message = `${repository.whereabouts(key)}: its manifest is not the one that was written`
    throw new StillshotError('backup-damaged', message)
  }
  return { repository, manifest }
}

/** A share that hangs is given this long. */
const STALL_MS = 120_000

interface Verified {
  readonly streams: readonly StreamFacts[]
  readonly signal: AbortSignal
}

/** Reads the streams to their ends. Rejects with `backup-damaged` at the first that is not what was written. */
export async function verifyStreams(
  clock: Clock,
  repository: Repository,
  key: BackupKey,
  { streams, signal }: Verified,
): Promise<void> {
  for (const stream of streams) {
    using limit = stallLimit(clock, stream.name, STALL_MS, signal)
    const stored = observed(await repository.read(key, stream.name, { signal: limit.signal }), {
      sum: true,
      onChunk: limit.moved,
    })
    const opens = canOpen(repository, stream)
    const content = observed(opens ? unwrap(repository, stored.bytes, stream, limit.signal) : stored.bytes)
    for await (const _ of content.bytes);
    const where = `${repository.whereabouts(key)}/${stream.name}`
    refuseOther(where, stored, stream)
    if (opens && content.sizeBytes !== stream.contentBytes) {
      const message = `${where} unpacks to ${content.sizeBytes} bytes, not to ${stream.contentBytes}`
      throw new StillshotError('backup-damaged', message)
    }
  }
}

/**
 * Refuses to touch anything where a backup, or the safety dump that would be taken first, could not be opened again on this
 * machine. Rejects with `identity-missing`.
 */
export function refuseSealed(
  repository: Repository,
  { streams, safety }: { readonly streams: readonly StreamFacts[]; readonly safety: boolean },
): void {
  const shut = streams.find((stream) => !canOpen(repository, stream))
  if (shut !== undefined) throw identityMissing(repository.name, shut.name)
  if (safety && repository.sealing?.opens === false) {
    throw identityMissing(repository.name, 'the safety dump that is taken first')
  }
}
