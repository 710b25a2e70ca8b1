import { readFile } from 'node:fs/promises'
import { StillshotError } from '../../src/errors.ts'

/** The certificate authority in a file, read at the first connection, so that a missing file is that call's failure. */
export function readOnce(path: string | undefined): () => Promise<string | undefined> {
  let made: Promise<string> | undefined
  return async () => {
    if (path === undefined) return undefined
    made ??= readFile(path, 'utf8')
    return made.catch((cause: unknown) => {
      made = undefined
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new StillshotError('config-invalid', `the certificate authority cannot be read: ${reason}`, { cause })
    })
  }
}
