import type { RepositoryPlace } from '../../../src/repository/place.ts'
import { addressesOf, mountOf, placeOf } from '../../mounts/mounts.ts'
import { storageOfPath } from '../../mounts/storage-of-path.ts'

/** The address without the password that some of them hold; whose it is belongs to nobody's screen. */
export function shownAddress(address: string): string {
  return address.replace(/\/\/[^/@\s]*@/, '//…@')
}

/** Where a repository of restic lies, by its address. Where a server is named, it is compared with the guest. */
export async function placeOfAddress(address: string, guestHost: string): Promise<RepositoryPlace> {
  const source = shownAddress(address)
  const [, kind, rest = ''] = /^(sftp|rest|s3|b2|azure|gs|swift|rclone|local):(.*)$/s.exec(address) ?? []
  if (kind === undefined || kind === 'local') {
    const path = kind === undefined ? address : rest
    const place = await placeOf(await mountOf(path).catch(() => undefined), guestHost)
    return { ...place, storage: await storageOfPath(path) }
  }
  // Their servers belong to somebody who rents them out.
  if (['b2', 'azure', 'gs'].includes(kind)) return { host: 'other', source }
  const server = serverOf(rest)
  if (kind === 'rclone' || kind === 'swift' || server === undefined) return { host: 'unknown', source }
  if (isThisMachine(server)) return { host: 'this', source }
  const { host } = await placeOf({ target: '', type: 'nfs', source: `${bracketed(server)}:/` }, guestHost)
  const addresses = await addressesOf(server)
  return { host, source, storage: { kind: 'share', name: source, protocol: kind, server, addresses } }
}

/** `user@host:/path`, `//user@host:port/path`, `https://host/`, `host/bucket`. */
function serverOf(rest: string): string | undefined {
  const plain = rest.replace(/^(?:[a-z]+:)?\/\//, '').replace(/^[^/@]*@/, '')
  return /^\[([^\]]+)\]/.exec(plain)?.[1] ?? /^[^:/]+/.exec(plain)?.[0]
}

function isThisMachine(server: string): boolean {
  return /^(localhost|127(\.\d+){3}|::1)$/i.test(server)
}

function bracketed(server: string): string {
  return server.includes(':') ? `[${server}]` : server
}
