import { createHmac, timingSafeEqual } from 'node:crypto'
import { StillshotError } from '../../../src/errors.ts'
import type { HostAddress } from '../../../src/guest/known-hosts.ts'

const DEFAULT_PORT = 22

/** The name under which known_hosts keeps a host: lower case, `[host]:port` unless the port is 22 (sshd(8)). */
export function knownHostsName({ host, port }: HostAddress): string {
  const name = host.toLowerCase()
  if (!/^[a-z0-9._:%-]+$/.test(name)) {
    throw new StillshotError('config-invalid', `host name ${JSON.stringify(host)} has characters that no host name has`)
  }
  return port === DEFAULT_PORT ? name : `[${name}]:${port}`
}

/**
 * How the first field of a known_hosts line speaks of a host: by its very name (plain or hashed), by a pattern, or not.
 * A negated pattern that matches excludes the host, whatever else the field says (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).
 */
export function matchNames(names: string, name: string): 'name' | 'pattern' | undefined {
  if (names.startsWith('|')) return matchesHash(names, name) ? 'name' : undefined
  const patterns = names.toLowerCase().split(',')
  const negated = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1))
  if (negated.some((pattern) => matchesPattern(pattern, name))) return undefined
  if (patterns.includes(name)) return 'name'
  return patterns.some((pattern) => matchesPattern(pattern, name)) ? 'pattern' : undefined
}

/** `|1|salt|hash`: HMAC-SHA1 of the name with the salt as key. */
function matchesHash(names: string, name: string): boolean {
  const [, version, salt, hash] = names.split('|')
  if (version !== '1' || salt === undefined || hash === undefined) return false
  const expected = Buffer.from(hash, 'base64')
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest()
  return expected.length === actual.length && timingSafeEqual(expected, actual)
}

/** Only `*` and `?` are special. */
function matchesPattern(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.')
  return new RegExp(`^${source}$`, 's').test(name)
}
