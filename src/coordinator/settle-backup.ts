import { StillshotError, toStillshotError } from '../errors.ts'
import type { Manifest } from '../repository/manifest.ts'
import type { BackupKey, Repository } from '../repository/repository.ts'
import { pointOfManifest } from './backup-manifest.ts'
import type { Ports } from './ports.ts'

/**
 * How a backup whose run did not end well ended: one that is whole is kept and listed, what is half made is removed.
 * Idempotent. Resolves with what a person should know.
 */
export async function settleBackup(
  { repositories, catalog }: Pick<Ports, 'repositories' | 'catalog'>,
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
  if ((await catalog.point(key.id)) === undefined) await catalog.savePoint(pointOfManifest(repository, manifest))
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
