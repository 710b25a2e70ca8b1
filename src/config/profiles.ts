import type { Profile, ProfileComponent } from '../guest/profile.ts'
import { durationMs } from './duration.ts'
import { profileDefaults } from './schema/profiles.ts'
import type { Config } from './schema.ts'

/** A large buffer pool takes minutes to be written out and to be read again; nothing is killed when it takes longer. */
const DBMS: ProfileComponent = { kind: 'dbms', unit: 'auto', stopSeconds: 300, startSeconds: 120 }

/** Profiles that need no configuration. */
export const BUILT_IN_PROFILES: Readonly<Record<string, Profile>> = {
  mysql: { name: 'mysql', components: [DBMS], settingsPutBack: false },
  idoit: {
    name: 'idoit',
    components: [
      { kind: 'role', unit: 'cron', stopSeconds: 60, startSeconds: 30 },
      { kind: 'role', unit: 'web', stopSeconds: 60, startSeconds: 60 },
      { kind: 'role', unit: 'php', stopSeconds: 60, startSeconds: 60 },
      DBMS,
    ],
    settingsPutBack: false,
    page: 'auto',
    // Debian, Ubuntu and RHEL, and SUSE; a standard installation has no folder of its own in them.
    backup: {
      files: ['/var/www/html', '/srv/www/htdocs'],
      exclude: ['/var/www/html/temp', '/srv/www/htdocs/temp'],
      configuration: ['/etc/i-doit'],
      anyDistribution: true,
    },
  },
}

type OwnComponent = NonNullable<Config['profiles']>[string]['components'][number]

const NO_PATHS = { files: [], exclude: [], configuration: [] } as const

/** The built-in profiles and those of the configuration, by name. */
export function allProfiles(config: Config): Readonly<Record<string, Profile>> {
  const own = Object.entries(config.profiles ?? {}).map(([name, profile]): [string, Profile] => [
    name,
    {
      name,
      components: profile.components.map((component) => ({
        ...kindOf(component),
        stopSeconds: seconds(component.stopLimit ?? profileDefaults.stopLimit),
        startSeconds: seconds(component.startLimit ?? profileDefaults.startLimit),
      })),
      settingsPutBack: profile.settingsPutBack ?? false,
      ...(profile.page === undefined ? {} : { page: profile.page }),
      ...(profile.backup === undefined ? {} : { backup: { ...NO_PATHS, ...profile.backup } }),
    },
  ])
  return { ...BUILT_IN_PROFILES, ...Object.fromEntries(own) }
}

function kindOf({ dbms, role, unit }: OwnComponent): Pick<ProfileComponent, 'kind' | 'unit'> {
  if (dbms !== undefined) return { kind: 'dbms', unit: dbms }
  return role === undefined ? { kind: 'unit', unit: unit ?? '' } : { kind: 'role', unit: role }
}

function seconds(duration: string): number {
  return Math.ceil(durationMs(duration) / 1000)
}
