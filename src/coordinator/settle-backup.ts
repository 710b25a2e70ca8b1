import { StillshotError, toStillshotError } from '../errors.ts'
import type { Manifest } from '../repository/manifest.ts'
import { isSignedBy } from '../repository/manifest-signature.ts'
import type { BackupKey, Repository } from '../repository/repository.ts'
import { pointReadBack } from './backup-manifest.ts'
import { findDescriptionKey } from './description-key.ts'
import type { Ports } from './ports.ts'

type SettlePorts = Pick<Ports, 'repositories' | 'catalog' | 'system' | 'stateDirectory'>

/**
 * How a backup whose run did not end well ended: one that is whole is kept and listed, what is half made is removed.
 * Idempotent. Resolves with what a person should know.
 */
export async function settleBackup(
  { repositories, catalog, system, stateDirectory }: SettlePorts,
  { repository: name, ...key }: BackupKey & { readonly repository: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  if (repositories === undefined) throw new StillshotError('not-supported', 'there are no repositories here')
  const repository = await repositories.open(name)
  const manifest = await manifestOrNone(repository, key, signal)
  if (manifest === undefined) {
    await repository.remove(key, { signal })
    return undefined
  }
  if ((await catalog.point(key.id)) === undefined) {
    const signingKey = await findDescriptionKey(system, stateDirectory)
    const verified = signingKey !== undefined && isSignedBy(manifest, signingKey)
    await catalog.savePoint(pointReadBack(repository, manifest, verified))
  }
  return `the backup ${key.id} is whole and is kept`
}

async function manifestOrNone(
  repository: Repository,
  key: BackupKey,
  signal: AbortSignal,
): Promise<Manifest | undefined> {
  try {
    return await repository.manifest(key, { signal })
  } catch (thrown) {
    if (toStillshotError(thrown).code === 'backup-not-found') return undefined
    throw thrown
  }
}
