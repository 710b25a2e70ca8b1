import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Manifest } from './manifest.ts'

/**
 * What a coordinator signs a manifest with: an HMAC (SHA-256) by the key that signs descriptions of snapshots, over everything
 * else in it, keys in their order. It proves that nobody without that key has changed a word, sums of streams included.
 */
export function signManifest(manifest: Manifest, key: Uint8Array): string {
  return createHmac('sha256', key)
    .update(`stillshot-manifest 1\n${canonicalManifest(manifest)}`)
    .digest('hex')
}

/** False also for a manifest without a signature, or with one that is none. */
export function isSignedBy(manifest: Manifest, key: Uint8Array): boolean {
  const { signature } = manifest
  if (typeof signature !== 'string' || !/^[0-9a-f]{64}$/.test(signature)) return false
  return timingSafeEqual(Buffer.from(signature, 'hex'), Buffer.from(signManifest(manifest, key), 'hex'))
}

/** Everything but the signature, in one spelling: two manifests say the same when these are alike. */
export function canonicalManifest({ signature: _, ...facts }: Manifest): string {
  return JSON.stringify(facts, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value,
  )
}
