import { lookup } from 'node:dns/promises'
import { readFile, realpath } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RepositoryPlace } from '../../src/repository/place.ts'

export interface Mount {
  readonly target: string
  readonly type: string
  /** A device, or host and path of a share. */
  readonly source: string
}

async function readMounts(): Promise<readonly Mount[]> {
  return parseMounts(await readFile('/proc/self/mountinfo', 'utf8'))
}

/** proc_pid_mountinfo(5): blanks in paths are written as octal escapes; the fields after `-` are type and source. */
export function parseMounts(text: string): readonly Mount[] {
  return text.split('\n').flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ')
    const target = left.split(' ')[4]
    const [type, source] = right.split(' ')
    if (target === undefined || type === undefined || source === undefined) return []
    return [{ target: unescaped(target), type, source: unescaped(source) }]
  })
}

/** The mount that a path lies on: the longest target above it, and of those mounted there the last. `path` without links. */
export function findMount(mounts: readonly Mount[], path: string): Mount | undefined {
  const above = mounts.filter(({ target }) => path === target || path.startsWith(target === '/' ? '/' : `${target}/`))
  const longest = Math.max(...above.map(({ target }) => target.length))
  return above.findLast(({ target }) => target.length === longest)
}

/** {@link findMount} of a path that may go through links. */
export async function mountOf(path: string): Promise<Mount | undefined> {
  return findMount(await readMounts(), await realpath(path))
}

/** Types whose source names the host that serves them; whose it is of others (virtiofs, object stores), nobody says. */
const OF_A_HOST = /^(nfs4?|cifs|smb3?|ceph|glusterfs|fuse\.(sshfs|glusterfs|ceph.*)|davfs)$/
const OF_THIS_HOST = /^(ext[234]|xfs|btrfs|zfs|f2fs|jfs|reiserfs|vfat|exfat|ntfs3?|overlay|tmpfs|bcachefs)$/

/** Whether the mount is a share of a host that its source names. */
export function isOfHost({ type }: Pick<Mount, 'type'>): boolean {
  return OF_A_HOST.test(type)
}

/** Addresses of a name, or of an address as it is usually written; none where nobody knows. */
type Resolve = (name: string) => Promise<readonly string[]>

/** A resolver that is away is asked no longer. */
const RESOLVE_MS = 5_000

/** None where nobody knows them. */
export async function addressesOf(name: string): Promise<readonly string[]> {
  const given = new AbortController()
  const none = sleep(RESOLVE_MS, [], { signal: given.signal, ref: false }).catch(() => [])
  const found = await Promise.race([lookup(name, { all: true }).catch(() => []), none])
  given.abort()
  return found.map(({ address }) => address)
}

/**
 * A disk of this machine may be one that another host serves (iSCSI): `this` says who mounts it, no more. The same host has
 * many names: two differ when their addresses are known and do.
 */
export async function placeOf(
  mount: Mount | undefined,
  guestHost: string,
  resolve: Resolve = addressesOf,
): Promise<RepositoryPlace> {
  if (mount === undefined) return { host: 'unknown', source: 'unknown' }
  const { type, source } = mount
  if (!OF_A_HOST.test(type)) return { host: OF_THIS_HOST.test(type) ? 'this' : 'unknown', source }
  const server = serverOf(source)
  if (server === undefined) return { host: 'unknown', source }
  if (server.toLowerCase() === guestHost.toLowerCase()) return { host: 'guest', source }
  const [serving, guest] = await Promise.all([resolve(server), resolve(guestHost)])
  if (serving.length === 0 || guest.length === 0) return { host: 'unknown', source }
  return { host: serving.some((address) => guest.includes(address)) ? 'guest' : 'other', source }
}

/** `HOST:PATH` of NFS and sshfs, with a user before it perhaps, `//HOST/PATH` of SMB, and addresses of the web. */
export function serverOf(source: string): string | undefined {
  const server = /^(?:[a-z]+:)?\/\/([^/:]+)/.exec(source)?.[1] ?? /^(?:[^@/]+@)?(\[[^\]]+\]|[^:/]+):/.exec(source)?.[1]
  return server?.replace(/^\[|\]$/g, '')
}

function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}
