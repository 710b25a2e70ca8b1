import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { programText } from '../../adapters/programs/stream-program.ts'
import { ResticRepository } from '../../adapters/repositories/restic/restic-repository.ts'

export const PASSWORD = 'correct horse battery staple'

/** What a restic of the tests finds in its environment. */
export function resticEnvironment(address: string, more: Readonly<Record<string, string>> = {}) {
  const { PATH = '/usr/bin:/bin', HOME = '/root' } = process.env
  return { PATH, HOME, RESTIC_REPOSITORY: address, RESTIC_PASSWORD: PASSWORD, ...more }
}

/** Runs restic as a person does. */
export async function resticByHand(address: string, ...words: string[]): Promise<string> {
  return programText({ name: 'restic', words: [...words, '--no-cache'], environment: resticEnvironment(address) })
}

/** A new repository at an address that restic can write to; default: a new folder. */
export async function newResticRepository(
  address?: string,
): Promise<{ address: string; repository: ResticRepository }> {
  const place = address ?? (await mkdtemp(join(tmpdir(), 'stillshot-restic-')))
  await resticByHand(place, 'init', '--quiet')
  return { address: place, repository: openRestic(place) }
}

export function openRestic(address: string, password = PASSWORD): ResticRepository {
  const { PATH = '/usr/bin:/bin', HOME = '/root' } = process.env
  return new ResticRepository({
    ...{ name: 'vault', shownAddress: address, address: async () => address, password: async () => password },
    environment: async () => ({ PATH, HOME }),
  })
}
