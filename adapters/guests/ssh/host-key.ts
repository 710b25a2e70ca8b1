import { createHash } from 'node:crypto'
import type { HostKey } from '../../../src/guest/known-hosts.ts'

/** A host key from the form that it has on the wire (RFC 4253, section 6.6); undefined when it has not that form. */
export function hostKeyFromBlob(blob: Buffer): HostKey | undefined {
  if (blob.length < 4) return undefined
  const length = blob.readUInt32BE(0)
  if (length === 0 || blob.length <= 4 + length) return undefined
  return {
    type: blob.toString('latin1', 4, 4 + length),
    base64: blob.toString('base64'),
    fingerprint: `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`,
  }
}

/** A host key from its type and base64, as in known_hosts; undefined when they are damaged or contradict each other. */
export function hostKeyFromText(type: string, base64: string): HostKey | undefined {
  if (!/^[A-Za-z0-9+/]+=*$/.test(base64)) return undefined
  const key = hostKeyFromBlob(Buffer.from(base64, 'base64'))
  return key?.type === type ? key : undefined
}
