import { timingSafeEqual } from 'node:crypto'
import { StillshotError } from '../../src/errors.ts'

/** The 32 bytes of a SHA-256 fingerprint: `SHA256:` and then hexadecimal pairs with colons, or base64. `config-invalid` otherwise, with `hint`. */
export function readFingerprint(text: string, hint: string): Buffer {
  const value = text.replace(/^SHA256:/, '')
  const hexadecimal = value.replaceAll(':', '')
  const bytes = /^[0-9a-f]{64}$/i.test(hexadecimal)
    ? Buffer.from(hexadecimal, 'hex')
    : Buffer.from(value.includes(':') ? '' : value, 'base64')
  if (bytes.length === 32) return bytes
  throw new StillshotError('config-invalid', `${text} is no SHA-256 fingerprint`, { hint })
}

/** `seen`: as Node prints it, hexadecimal pairs with colons. */
export function isPinned(pinned: Buffer, seen: string | undefined): boolean {
  const bytes = Buffer.from((seen ?? '').replaceAll(':', ''), 'hex')
  return bytes.length === pinned.length && timingSafeEqual(bytes, pinned)
}
