import { unlink } from 'node:fs/promises'
import { StillshotError } from '../../../src/errors.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import type { FoundClone } from './find-clone.ts'
import type { LibvirtHost } from './host.ts'
import { isAlreadyInState } from './libvirt-errors.ts'

/** How the files of the copy that is made under this name end. */
export function cloneEnding(id: string): string {
  return `copy-${id}`
}

/** Stops it, removes its own files, and forgets it last: what is left of it always says whose it is. Idempotent. */
export async function destroyClone(
  host: LibvirtHost,
  found: FoundClone,
  ending: string,
  options: CallOptions,
): Promise<void> {
  const request = { ...options, doing: `remove the copy ${found.name}`, change: true }
  await host.session.run([['destroy', found.uuid]], request).catch((error) => {
    if (!isAlreadyInState(error)) throw error
  })
  // Somebody may have given it another disk meanwhile, which is not ours.
  const own = found.images.filter((image) => image.endsWith(`.${ending}`))
  for (const image of own.flatMap((path) => [path, `${path}.new`])) {
    await unlink(image).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
  }
  const undefine = ['undefine', found.uuid, '--managed-save', '--snapshots-metadata', '--nvram']
  await host.session.run([undefine], request).catch((error) => {
    if (!(error instanceof StillshotError && error.code === 'vm-not-found')) throw error
  })
}
