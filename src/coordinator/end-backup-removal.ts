import { StillshotError } from '../errors.ts'
import type { BackupKey } from '../repository/repository.ts'
import type { Ports } from './ports.ts'

/**
 * Ends a removal that was interrupted. One that had not begun is not begun: what was decided then may be wrong by now. Idempotent.
 * Resolves with what a person should know.
 */
export async function endBackupRemoval(
  { repositories, catalog }: Pick<Ports, 'repositories' | 'catalog'>,
  { repository: name, ...key }: BackupKey & { readonly repository: string },
  signal: AbortSignal,
): Promise<string> {
  if (repositories === undefined) throw new StillshotError('not-supported', 'there are no repositories here')
  const repository = await repositories.open(name)
  if ((await repository.list(key.vm, { signal })).includes(key.id)) {
    return `the backup ${key.id} is kept: its removal had not begun`
  }
  await repository.remove(key, { signal })
  await catalog.removePoint(key.id)
  return `the backup ${key.id} is removed`
}
