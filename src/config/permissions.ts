import { dirname } from 'node:path'
import { StillshotError } from '../errors.ts'
import type { FileFacts, Host, ReadFile } from '../system/host.ts'
import { shellWord } from '../system/shell-word.ts'

/**
 * A configuration is read only if it and its folder belong to root or the caller and nobody else can write them: who
 * writes it decides which commands run (`exec:`) and which machines are stopped. Rejects with `config-unsafe`.
 */
export async function refuseUnsafe(system: Host, path: string, file: ReadFile): Promise<void> {
  if (file.facts.kind !== 'file') throw new StillshotError('config-unsafe', `${path} is not a regular file`)
  refuse(system, path, file.facts)
  for (const folder of new Set([dirname(path), dirname(file.realPath)])) {
    refuse(system, folder, await system.folder(folder))
  }
}

function refuse(system: Host, path: string, facts: FileFacts): void {
  const details = { path, ownerId: facts.ownerId, mode: formatMode(facts.mode) }
  if (!isTrustedOwner(system, facts)) {
    throw new StillshotError(
      'config-unsafe',
      `${path} belongs to user ${facts.ownerId}, not to root or user ${system.userId}`,
      { details },
    )
  }
  if ((facts.mode & 0o022) !== 0) {
    throw new StillshotError('config-unsafe', `${path} can be written by others (mode ${formatMode(facts.mode)})`, {
      details,
      hint: `chmod go-w ${shellWord(path)}`,
    })
  }
}

export function isTrustedOwner(system: Host, facts: FileFacts): boolean {
  return facts.ownerId === 0 || facts.ownerId === system.userId
}

/** As `chmod` takes it: `0640`. */
export function formatMode(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0')
}
