import { die } from '../refusal.ts'
import type { Drive } from './drives.ts'
import { disksOf } from './drives.ts'
import type { Guest, GuestConfig } from './guest.ts'

export interface StoredBackup {
  readonly vmid: number
  /** Behind the colon: `backup/vzdump-qemu-100-2026_11_27-02_30_00.vma.zst`. */
  readonly name: string
  /** Seconds since 1970. */
  readonly ctime: number
  /** 1 for one that a Proxmox Backup Server has not got whole yet. */
  readonly size: number
  /** As the archive has it, with the lines of the dump; undefined for one that is damaged. */
  readonly config?: string
}

export interface Storage {
  readonly name: string
  readonly type: keyof typeof SNAPSHOTS
  readonly shared?: boolean
  /** `snapshot-as-volume-chain`: qcow2 images that stand on each other. */
  readonly volumeChain?: boolean
  /** Nodes that have it; all unless given. */
  readonly nodes?: readonly string[]
  /** Archives of guests. */
  readonly backups?: readonly StoredBackup[]
  /** What `storage.cfg` has besides: `server`, `export`, `path`, `portal` and the like. */
  readonly config?: Readonly<Record<string, string>>
  totalBytes: number
  usedBytes: number
}

type Support = (drive: Drive, storage: Storage) => boolean

const never: Support = () => false
const always: Support = () => true
const qcow2Only: Support = ({ format }) => format === 'qcow2'
const chainOnly: Support = ({ format }, { volumeChain }) => volumeChain === true && format === 'qcow2'

/** Which drives a storage type can snapshot. */
const SNAPSHOTS = {
  dir: qcow2Only,
  nfs: qcow2Only,
  cifs: qcow2Only,
  lvmthin: always,
  lvm: chainOnly,
  zfspool: always,
  zfs: always,
  rbd: always,
  btrfs: always,
  iscsi: never,
  iscsidirect: never,
  esxi: never,
  pbs: never,
} as const satisfies Record<string, Support>

export type Storages = ReadonlyMap<string, Storage>

/** Whether every disk lies where it can be snapshotted; one that does not is enough for no. CD-ROMs do not count. */
export function hasSnapshotFeature(config: GuestConfig, storages: Storages): boolean {
  return disksOf(config).every((drive) => {
    const storage = storages.get(drive.storage)
    return storage !== undefined && SNAPSHOTS[storage.type](drive, storage)
  })
}

/** Whether every disk can be copied as a snapshot has it: ZFS copies what a disk is now, and no snapshot. */
export function copiesSnapshots(config: GuestConfig, storages: Storages): boolean {
  const isZfs = (name: string) => ['zfspool', 'zfs'].includes(storages.get(name)?.type ?? '')
  return hasSnapshotFeature(config, storages) && !disksOf(config).some(({ storage }) => isZfs(storage))
}

/** Where only the newest snapshot of a volume can be rolled back to, an older one is refused. */
export function checkRollBackPossible(guest: Guest, snapshotName: string, drive: Drive, storages: Storages): void {
  const storage = storages.get(drive.storage)
  if (storage === undefined) die(`storage '${drive.storage}' does not exist`)
  const newestOnly = storage.type === 'zfspool' || storage.type === 'zfs' || storage.volumeChain === true
  if (!newestOnly) return
  const here = Number(guest.snapshots.get(snapshotName)?.snaptime)
  const order = [...guest.snapshots.keys()]
  const newer = order.filter((name) => {
    const section = guest.snapshots.get(name)
    if (name === snapshotName || section?.[drive.key] === undefined) return false
    const time = Number(section.snaptime)
    return time > here || (time === here && order.indexOf(name) > order.indexOf(snapshotName))
  })
  if (newer.length > 0) die(`can't rollback, '${snapshotName}' is not most recent snapshot on '${drive.volume}'`)
}
