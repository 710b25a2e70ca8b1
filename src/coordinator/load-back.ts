import { StillshotError } from '../errors.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import type { BackupKey } from '../repository/repository.ts'
import { loadDatabases } from './load-databases.ts'
import type { Ports, VmSettings } from './ports.ts'

interface LoadBack extends BackupKey {
  readonly repository: string
  readonly databases: readonly string[]
}

/** Puts databases back as they were before a load that did not end well. Idempotent. */
export async function loadBack(
  { repositories, system }: Pick<Ports, 'repositories' | 'system'>,
  { profile }: Pick<VmSettings, 'profile'>,
  helper: GuestHelper,
  { repository: name, databases, ...key }: LoadBack,
  signal: AbortSignal,
): Promise<string> {
  if (repositories === undefined) throw new StillshotError('not-supported', 'there are no repositories here')
  const repository = await repositories.open(name)
  const manifest = await repository.manifest(key, { signal })
  const loading = { clock: system.clock, helper, profile: profile.name, repository, manifest, signal }
  await loadDatabases(loading, databases)
  return `the databases are as they were before the restore: ${databases.join(', ')}`
}
