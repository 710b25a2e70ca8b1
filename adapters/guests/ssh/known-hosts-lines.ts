import { StillshotError } from '../../../src/errors.ts'
import type { HostAddress, HostKey } from '../../../src/guest/known-hosts.ts'
import { hostKeyFromText } from './host-key.ts'
import { knownHostsName, matchNames } from './host-pattern.ts'

/** One line of known_hosts that names a key. Format: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. */
export interface KnownHostsLine {
  readonly marker: 'none' | 'revoked' | 'cert-authority'
  readonly names: string
  readonly key: HostKey
}

/** What known_hosts says about one host. */
export interface HostRecords {
  readonly trusted: readonly HostKey[]
  readonly revoked: readonly HostKey[]
  /** Lines that trust certificates of an authority: seen, but no help here, since host certificates are not understood. */
  readonly authorities: number
}

/**
 * Reads one line; undefined for empty lines, comments, and lines that ssh would skip too (damaged, unknown marker).
 * A damaged `@revoked` line rejects with `config-invalid`: to skip it could trust a key that is to be refused.
 */
export function parseLine(line: string, place: string): KnownHostsLine | undefined {
  const fields = line.trim().split(/\s+/)
  const marker = fields[0]?.startsWith('@') ? fields.shift() : undefined
  const [names, type, base64] = fields
  if (names === undefined || names.startsWith('#')) return undefined
  const key = type === undefined || base64 === undefined ? undefined : hostKeyFromText(type, base64)
  if (key === undefined) {
    if (marker !== '@revoked') return undefined
    throw new StillshotError('config-invalid', `${place}: the line marked @revoked holds no readable key`)
  }
  if (marker === undefined) return { marker: 'none', names, key }
  if (marker === '@revoked') return { marker: 'revoked', names, key }
  return marker === '@cert-authority' ? { marker: 'cert-authority', names, key } : undefined
}

/** What the text of a known_hosts file says about a host. `path` is for messages only. */
export function findHost(text: string, address: HostAddress, path: string): HostRecords {
  const name = knownHostsName(address)
  const lines = text
    .split('\n')
    .flatMap((line, index) => parseLine(line, `${path}:${index + 1}`) ?? [])
    .filter((line) => matchNames(line.names, name) !== undefined)
  const keys = (marker: KnownHostsLine['marker']) =>
    lines.filter((line) => line.marker === marker).map((line) => line.key)
  return { trusted: keys('none'), revoked: keys('revoked'), authorities: keys('cert-authority').length }
}
