import type { ServerHostKeyAlgorithm } from 'ssh2'
import type { HostKey } from '../../../src/guest/known-hosts.ts'

/** Strongest first. SHA-1 signatures (`ssh-rsa`) and DSA are left out, as OpenSSH does since 8.8. */
const SIGNATURES: readonly { readonly keyType: string; readonly algorithm: ServerHostKeyAlgorithm }[] = [
  { keyType: 'ssh-ed25519', algorithm: 'ssh-ed25519' },
  { keyType: 'ecdsa-sha2-nistp256', algorithm: 'ecdsa-sha2-nistp256' },
  { keyType: 'ecdsa-sha2-nistp384', algorithm: 'ecdsa-sha2-nistp384' },
  { keyType: 'ecdsa-sha2-nistp521', algorithm: 'ecdsa-sha2-nistp521' },
  { keyType: 'ssh-rsa', algorithm: 'rsa-sha2-512' },
  { keyType: 'ssh-rsa', algorithm: 'rsa-sha2-256' },
]

/**
 * The order in which host key algorithms are asked for: first those of the keys that are known, so that a server with
 * several keys shows the one that can be checked (ssh_config(5), HostKeyAlgorithms); the others after them, so that a
 * server that has lost the known key still shows what it has.
 */
export function orderAlgorithms(known: readonly HostKey[]): ServerHostKeyAlgorithm[] {
  const types = new Set(known.map((key) => key.type))
  const wanted = SIGNATURES.filter(({ keyType }) => types.has(keyType))
  const others = SIGNATURES.filter(({ keyType }) => !types.has(keyType))
  return [...wanted, ...others].map(({ algorithm }) => algorithm)
}
