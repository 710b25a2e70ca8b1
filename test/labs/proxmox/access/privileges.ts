/** Every privilege that the stand-in knows. */
export const PRIVILEGES = [
  'Datastore.Allocate',
  'Datastore.AllocateSpace',
  'Datastore.Audit',
  'Pool.Allocate',
  'Pool.Audit',
  'SDN.Use',
  'Sys.Audit',
  'Sys.Modify',
  'VM.Allocate',
  'VM.Audit',
  'VM.Backup',
  'VM.Clone',
  'VM.Config.Disk',
  'VM.Config.Memory',
  'VM.Config.Network',
  'VM.Config.Options',
  'VM.GuestAgent.Audit',
  'VM.GuestAgent.FileSystemMgmt',
  'VM.GuestAgent.Unrestricted',
  'VM.Migrate',
  'VM.Monitor',
  'VM.PowerMgmt',
  'VM.Snapshot',
  'VM.Snapshot.Rollback',
] as const

export type Privilege = (typeof PRIVILEGES)[number]

/** One line of the access control list. */
export interface AccessRule {
  readonly path: string
  /** `name@realm`, or `name@realm!token` for a token's own. */
  readonly who: string
  readonly privileges: readonly Privilege[]
  /** Whether it counts below the path; yes unless false. */
  readonly propagate?: boolean
}

/**
 * What the rules give to `who` on a path. A rule on a longer path replaces what came from above, it does not add to it.
 */
export function rulePrivileges(rules: readonly AccessRule[], who: string, path: string): ReadonlySet<Privilege> {
  let found: ReadonlySet<Privilege> = new Set()
  for (const prefix of prefixesOf(path)) {
    const here = rules.filter(
      (rule) => rule.who === who && rule.path === prefix && (rule.propagate !== false || prefix === path),
    )
    if (here.length > 0) found = new Set(here.flatMap(({ privileges }) => privileges))
  }
  return found
}

/** `/vms/100` gives `/`, `/vms`, `/vms/100`. */
function prefixesOf(path: string): readonly string[] {
  const parts = path.split('/').filter((part) => part !== '')
  return ['/', ...parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`)]
}
