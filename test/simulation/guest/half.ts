import type { GuestDisk } from './machine.ts'

/** The mark on the guest's disk: a load has begun to replace the databases. */
export interface HalfMark {
  readonly run: string
  readonly held: boolean
  /** The web server ran before the first of the loads that are not whole. */
  readonly web: boolean
  readonly loaded: 'drop' | 'back' | null
}

export const DATABASE = 'shop'

/** As the helper tells of it. */
export function halfShown({ half, loadedBy }: Pick<GuestDisk, 'half' | 'loadedBy'>): object | null {
  if (half === null) return null
  const { run, held, loaded } = half
  return {
    run,
    since: '2026-01-01T00:00:00Z',
    held,
    databases: [DATABASE],
    loaded,
    replaced: isReplaced({ half, loadedBy }),
  }
}

/** Others are in the place of the databases that were half restored: a roll back has left the mark, which lies on another disk. */
export function isReplaced({ half, loadedBy }: Pick<GuestDisk, 'half' | 'loadedBy'>): boolean {
  return half !== null && half.run !== loadedBy
}

/** What the application may not be started on. */
export function keepsDown({ half }: Pick<GuestDisk, 'half'>): boolean {
  return half?.held === true
}
