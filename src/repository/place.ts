import type { Storage, StorageVerdict } from '../system/storage.ts'

/** Where a repository lies. */
export interface RepositoryPlace {
  /**
   * The host that keeps the bytes: `this` for a disk of the machine that runs stillshot, `guest` for a share of the guest
   * itself, `other` for one of a third machine, `unknown` where that cannot be told.
   */
  readonly host: 'this' | 'guest' | 'other' | 'unknown'
  /** The file system or share as the machine names it: a device, or host and path. */
  readonly source: string
  /** What it lies on, to be compared with what a VM lies on; absent: not known. */
  readonly storage?: Storage
}

/** What is kept of it with a backup. */
export interface KeptPlace extends Pick<RepositoryPlace, 'host' | 'source'> {
  /** Whether it was seen to lie on the storage of the VM's disks; absent in older backups, which did not look. */
  readonly storage?: StorageVerdict['verdict']
}
