import { StillshotError } from '../../../src/errors.ts'
import type { HostKey } from '../../../src/guest/known-hosts.ts'
import type { HostRecords } from './known-hosts-lines.ts'

/**
 * Undefined when known_hosts trusts this very key for the host, else the error that ends the connection. A host that is
 * known by other keys only counts as changed, whatever their type: an impostor may choose the type that it offers.
 */
export function judgeHostKey(
  records: HostRecords,
  seen: HostKey,
  place: { readonly guest: string; readonly knownHostsPath: string },
): StillshotError | undefined {
  const { guest, knownHostsPath } = place
  const expected = records.trusted.map((key) => key.fingerprint)
  const details = { seen: seen.fingerprint, type: seen.type, expected, knownHosts: knownHostsPath }
  if (records.revoked.some((key) => key.base64 === seen.base64)) {
    return new StillshotError(
      'host-key-changed',
      `${guest} shows the host key ${seen.fingerprint}, which is marked @revoked in ${knownHostsPath}`,
      { details: { ...details, revoked: true }, hint: 'do not trust this key: give the guest a new host key' },
    )
  }
  if (records.trusted.some((key) => key.base64 === seen.base64)) return undefined
  if (expected.length > 0) {
    return new StillshotError(
      'host-key-changed',
      `${guest} shows the host key ${seen.fingerprint} (${seen.type}), ${knownHostsPath} knows it by ${expected.join(', ')}`,
      { details },
    )
  }
  const authority = records.authorities > 0 ? '; its @cert-authority line cannot be used, name the key itself' : ''
  return new StillshotError(
    'host-key-unknown',
    `${guest} shows the host key ${seen.fingerprint} (${seen.type}), which is not in ${knownHostsPath}${authority}`,
    { details },
  )
}
