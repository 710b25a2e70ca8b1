export interface RepositoryPlace {
  /**
   * The host that keeps the bytes: `this` for a disk of the machine that runs stillshot, `guest` for a share of the guest
   * itself, `other` for one of a third machine, `unknown` where that cannot be told.
   */
  readonly host: 'this' | 'guest' | 'other' | 'unknown'
  /** The file system or share as the machine names it: a device, or host and path. */
  readonly source: string
}
