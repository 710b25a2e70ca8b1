import { StillshotError } from '../errors.ts'
import type { Part } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import type { Ports, VmSettings } from './ports.ts'

export interface BackupOrder {
  readonly parts: readonly Part[]
  /** Of files and configuration these paths alone, whether they are there or not; default: all that the profile names. */
  readonly paths?: readonly string[]
  /** Name under `repositories:`; default: the VM's own. */
  readonly repository?: string
  /** Kept with the restore point. */
  readonly note?: string
  /** Ends the forward path; what had been begun is taken back. */
  readonly signal: AbortSignal
}

/** Rejects with `backup-not-allowed` for a VM without `backup:`, else as {@link Repositories.open}. */
export async function openRepository(
  { repositories }: Pick<Ports, 'repositories'>,
  { name, backup }: Pick<VmSettings, 'name' | 'backup'>,
  repository: string | undefined,
): Promise<Repository> {
  if (backup === undefined)
    throw new StillshotError('backup-not-allowed', `${name} has no backup: in the configuration`)
  if (repositories === undefined) throw new StillshotError('not-supported', 'there are no repositories here')
  return repositories.open(repository ?? backup.repository)
}
