import { randomBytes } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { StillshotError } from '../../src/errors.ts'

/** Memory, not a disk: Linux mounts it everywhere. */
const FOLDER = '/dev/shm'

/**
 * A file in memory that holds `content` and has no name, to be handed to a program as a descriptor: a secret in it stands in no
 * argument, no environment and no folder; what is read from it is whole, also when we die. The caller closes it.
 */
export async function unnamedFile(content: string | Uint8Array): Promise<FileHandle> {
  const path = `${FOLDER}/stillshot-${randomBytes(16).toString('hex')}`
  const file = await open(path, 'wx+', 0o600).catch((cause: unknown) => {
    throw new StillshotError('not-supported', `${FOLDER} cannot be written: ${(cause as Error).message}`, { cause })
  })
  try {
    // First the name goes: a process that dies in between leaves an empty file at worst.
    await unlink(path)
    // At a place, so that whoever inherits the descriptor reads from the beginning.
    const bytes = Buffer.from(content)
    for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at, bytes.length - at, at)).bytesWritten
    return file
  } catch (thrown) {
    await file.close()
    throw thrown
  }
}
