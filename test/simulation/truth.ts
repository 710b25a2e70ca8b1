import type { RestorePoint } from '../../src/catalog/catalog.ts'

/** By what a truth is found: others use the names of their snapshots again. */
export function truthKey({ kind, snapshot, createdAt }: Pick<RestorePoint, 'kind' | 'snapshot' | 'createdAt'>): string {
  return kind === 'foreign' ? `${snapshot} of ${createdAt}` : snapshot
}

/** What was really there at the point in time of a snapshot. */
export interface Truth {
  /** The disk held the files of a server that had ended cleanly, with the hold's own marker. */
  readonly stoppedAndSynced: boolean
  /** Every disk is in it, and the guest's file systems were frozen. */
  readonly frozen?: boolean
  /** The hold that it was taken in; undefined where the name tells. */
  readonly hold?: string
}
