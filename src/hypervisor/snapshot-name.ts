const PREFIX = 'stillshot-'

/** The name of a snapshot of ours: `stillshot-<ulid>`, 36 characters. */
export function snapshotName(id: string): string {
  return PREFIX + id
}

/** The ULID in a name that {@link snapshotName} made; undefined for anybody else's snapshot. */
export function idOfSnapshotName(name: string): string | undefined {
  return /^stillshot-([0-7][0-9A-HJKMNP-TV-Z]{25})$/.exec(name)?.[1]
}
