/** What must stand still in a guest: components in the order in which they stop; they start in reverse. */
export interface Profile {
  readonly name: string
  readonly components: readonly ProfileComponent[]
  /** Run-time settings of the server are put back by the admin's own start-up files before connections are accepted. */
  readonly settingsPutBack: boolean
  /** Address of a page that answers when the application is there, as the guest reaches it; `auto`: i-doit's login page. */
  readonly page?: string
  /** What belongs to a backup beside the databases; absolute paths of the guest. */
  readonly backup?: BackupPaths
}

/** A path as the helper takes it: absolute, without a slash at its end, and no part of it goes back. */
export const PLACE = '^(/(?!\\.{1,2}(/|$))[A-Za-z0-9@._:-]+)+$'

export interface BackupPaths {
  readonly files: readonly string[]
  readonly exclude: readonly string[]
  /** Beside what the helper knows to be configuration. */
  readonly configuration: readonly string[]
  /** They differ between distributions: one of `files` that is there is enough. */
  readonly anyDistribution?: boolean
}

/** Ends the name of the profile that holds an application while its database server runs. */
export const APPLICATION_SUFFIX = '.application'

/** The profile without its database server; undefined where nothing else is in it. */
export function applicationProfile(profile: Profile): Profile | undefined {
  const components = profile.components.filter(({ kind }) => kind !== 'dbms')
  if (components.length === 0) return undefined
  return { name: `${profile.name}${APPLICATION_SUFFIX}`, components, settingsPutBack: profile.settingsPutBack }
}

/** What the helper may do beside stopping and starting. */
export type Allowed = 'backup' | 'restore'

/** What distributions name as they like: `cron` and `crond`, `apache2` and `httpd`, PHP-FPM of one or several versions. */
export const ROLES = ['cron', 'web', 'php'] as const

export interface ProfileComponent {
  /** `role`: whatever units have it in the guest, as many as are active; none is no fault. */
  readonly kind: 'dbms' | 'unit' | 'role'
  /** A unit name without aliases resolved, `auto` for the DBMS that is found, or one of {@link ROLES}. */
  readonly unit: string
  readonly stopSeconds: number
  readonly startSeconds: number
}

/**
 * The file that `guest install` writes to /etc/stillshot/profiles/NAME, owned by root: the helper takes names only, and
 * reads units and limits from there. One `key value…` a line; words hold only [A-Za-z0-9@._:/-].
 */
export function profileFile(
  profile: Profile,
  options: { defaultsFile?: string; databaseUser?: string; allowed?: readonly Allowed[] } = {},
): string {
  const lines = ['stillshot-profile 1', `name ${profile.name}`]
  for (const { kind, unit, stopSeconds, startSeconds } of profile.components) {
    lines.push(`component ${kind} ${unit} ${stopSeconds} ${startSeconds}`)
  }
  if (options.defaultsFile !== undefined) lines.push(`defaults-file ${options.defaultsFile}`)
  if (options.databaseUser !== undefined) lines.push(`database-user ${options.databaseUser}`)
  if (profile.page !== undefined) lines.push(`page ${profile.page}`)
  for (const each of options.allowed ?? []) lines.push(`allow ${each}`)
  if (options.allowed?.includes('backup')) lines.push(...pathLines(profile.backup))
  return `${lines.join('\n')}\n`
}

function pathLines({ files, exclude, configuration }: BackupPaths = { files: [], exclude: [], configuration: [] }) {
  const lines = (key: string, paths: readonly string[]) => paths.map((path) => `${key} ${path}`)
  return [...lines('files', files), ...lines('exclude', exclude), ...lines('configuration', configuration)]
}
