import { StillshotError } from '../../../src/errors.ts'

const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG']

/** What a file system said, in words of ours. An abort passes as it is, and so does what is ours already. */
export function storageError(name: string, thrown: unknown): StillshotError {
  if (thrown instanceof StillshotError) return thrown
  const { code, message } = thrown as { code?: string; message: string }
  const said = `repository ${name}: ${message}`
  if (FULL.includes(code ?? '')) return new StillshotError('storage-full', said, { cause: thrown })
  return new StillshotError('repository-unusable', said, { cause: thrown })
}
