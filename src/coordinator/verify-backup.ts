import type { RestorePoint } from '../catalog/catalog.ts'
import { StillshotError } from '../errors.ts'
import type { Manifest, StreamFacts } from '../repository/manifest.ts'
import { observed } from '../repository/observed.ts'
import { unpack } from '../repository/pack.ts'
import type { BackupKey, Repository } from '../repository/repository.ts'
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
  /** Every one of them was read to its end, has the sum of the manifest, and unpacks to its length. */
  readonly streams: readonly { readonly name: string; readonly sizeBytes: number }[]
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
  const read = streams.map(({ name, sizeBytes }) => ({ name, sizeBytes }))
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
  return { repository, manifest: await repository.manifest({ vm: point.vm, id: point.id }, { signal }) }
}

/** A share that hangs is given this long. */
const STALL_MS = 120_000

/** Reads the streams to their ends. Rejects with `backup-damaged` at the first that is not what was written. */
export async function verifyStreams(
  clock: Clock,
  repository: Repository,
  key: BackupKey,
  { streams, signal }: { readonly streams: readonly StreamFacts[]; readonly signal: AbortSignal },
): Promise<void> {
  for (const { name, compression, sizeBytes, sha256, contentBytes } of streams) {
    using limit = stallLimit(clock, name, STALL_MS, signal)
    const stored = observed(await repository.read(key, name, { signal: limit.signal }), {
      sum: true,
      onChunk: limit.moved,
    })
    const content = observed(unpack(stored.bytes, compression, name))
    for await (const _ of content.bytes);
    const where = `${repository.whereabouts(key)}/${name}`
    if (stored.sizeBytes !== sizeBytes || stored.sha256() !== sha256) {
      throw new StillshotError('backup-damaged', `${where} is not what was written: its sum differs`)
    }
    if (content.sizeBytes !== contentBytes) {
      const message = `${where} unpacks to ${content.sizeBytes} bytes, not to ${contentBytes}`
      throw new StillshotError('backup-damaged', message)
    }
  }
}
