/** Where bytes lie, as far as somebody can tell; `name` is for people. */
export type Storage =
  | {
      /** A share, or a disk of a network, that a server keeps. */
      readonly kind: 'share'
      readonly name: string
      /** `nfs`, `smb`, or another word for how it is reached. */
      readonly protocol: string
      readonly server: string
      /** Of the server; none where nobody knows them. */
      readonly addresses: readonly string[]
      /** What the server calls the share; undefined where it is not told. */
      readonly share?: string
    }
  | {
      /** Disks of a machine itself. */
      readonly kind: 'disks'
      readonly name: string
      /** Of the machine; none where nobody knows them. */
      readonly addresses: readonly string[]
      /** Only of the machine that runs stillshot, which can look. */
      readonly devices?: Devices
    }
  | {
      readonly kind: 'unknown'
      readonly name: string
      /** Why, as a sentence about `name`. */
      readonly why: string
    }

/** What a path of this machine lies on. */
export interface Devices {
  /** File systems and disks, each by a word of its own. */
  readonly ids: readonly string[]
  /** Whether these are the disks at the bottom, so that others are other disks. */
  readonly whole: boolean
}

export interface StorageVerdict {
  readonly verdict: 'same' | 'other' | 'unknown'
  /** A sentence about the two. */
  readonly reason: string
}

/**
 * Whether a repository lies where the disks of a VM lie: `same` where it was seen of one disk, `other` where it was seen to lie
 * elsewhere than each of them, `unknown` else. Pure.
 */
export function compareStorage(repository: Storage, disks: readonly Storage[]): StorageVerdict {
  const all = disks.map((disk) => compareTwo(repository, disk))
  const worst = ['same', 'unknown', 'other'].flatMap((verdict) => all.find((one) => one.verdict === verdict) ?? [])
  return worst[0] ?? unknown('the hypervisor does not tell where the disks of the VM lie')
}

function compareTwo(repository: Storage, disk: Storage): StorageVerdict {
  if (repository.kind === 'unknown') return unknown(repository.why)
  if (disk.kind === 'unknown') return unknown(disk.why)
  if (repository.kind === 'disks' && disk.kind === 'disks') return compareDisks(repository, disk)
  // This machine's disks may be images on that very share, or what it serves.
  if (repository.kind === 'disks') return unknown(`what the disks under ${repository.name} lie on is not known`)
  const served = isOneServer(repository, disk)
  const names = `${repository.name} and ${disk.name}`
  if (served === false) return { verdict: 'other', reason: `${names} are of different machines` }
  if (served === undefined) return unknown(`whether ${names} are of one machine is not known`)
  if (disk.kind === 'share' && isOneShare(repository, disk)) {
    return { verdict: 'same', reason: `${repository.name} is the share that the VM lies on (${disk.name})` }
  }
  return unknown(`${names} are of one machine, which does not tell whether they are on the same disks`)
}

type Disks = Extract<Storage, { kind: 'disks' }>
type Share = Extract<Storage, { kind: 'share' }>

function compareDisks(repository: Disks, disk: Disks): StorageVerdict {
  const names = `${repository.name} and ${disk.name}`
  const [one, other] = [repository.devices, disk.devices]
  if (one === undefined || other === undefined) return unknown(`whether ${names} are on the same disks is not known`)
  const shared = one.ids.find((id) => other.ids.includes(id))
  if (shared !== undefined) return { verdict: 'same', reason: `${names} are both on ${shared}` }
  if (one.whole && other.whole) return { verdict: 'other', reason: `${names} are on different disks` }
  return unknown(`which disks ${names} are on cannot be seen`)
}

/** Two names of one machine differ: two machines differ when their addresses are known and do. */
function isOneServer(one: Share, other: Share | Disks): boolean | undefined {
  const name = other.kind === 'share' ? other.server : undefined
  if (one.server.toLowerCase() === name?.toLowerCase()) return true
  if (one.addresses.length === 0 || other.addresses.length === 0) return undefined
  return one.addresses.some((address) => other.addresses.includes(address))
}

function isOneShare(one: Share, other: Share): boolean {
  if (one.protocol !== other.protocol || one.share === undefined || other.share === undefined) return false
  return shareWord(one.protocol, one.share) === shareWord(other.protocol, other.share)
}

/** Of SMB the first word is the share, the rest a folder in it; its names have no case. */
function shareWord(protocol: string, share: string): string {
  const words = share.split('/').filter(Boolean)
  return protocol === 'smb' ? (words[0] ?? '').toLowerCase() : words.join('/')
}

function unknown(reason: string): StorageVerdict {
  return { verdict: 'unknown', reason }
}
