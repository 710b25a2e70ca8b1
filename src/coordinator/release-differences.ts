import type { Finding } from '../finding.ts'
import type { FilesDifference } from './compare-files.ts'

/** Programs whose configuration or pages mean something else to another release, by the names of their packages. */
const PROGRAMS = [
  { name: 'Apache', of: /^(apache2|apache2-bin|httpd|httpd-core)$/, reads: /^\/etc\/(apache2|httpd)(\/|$)/ },
  { name: 'nginx', of: /^nginx(-core)?$/, reads: /^\/etc\/nginx(\/|$)/ },
  {
    name: 'PHP',
    of: /^(php\d*(\.\d+)?-(fpm|cli|common)|php|libapache2-mod-php\d[\d.]*)$/,
    reads: /^\/(etc\/php|var\/www|srv\/www)/,
  },
  { name: 'MariaDB', of: /^mariadb-server(-core)?(-\d+\.\d+)?$/i, reads: /^\/etc\/(mysql|my\.cnf)/ },
  { name: 'MySQL', of: /^mysql-(community-)?server(-core)?(-\d+\.\d+)?$/, reads: /^\/etc\/(mysql|my\.cnf)/ },
] as const

/**
 * Where a program is of another release in the guest than it was when the backup was made, and reads what would be written. A list of
 * packages is `undefined` where there is none. Pure.
 */
export function releaseFindings(
  { backup, guest }: { backup: string | undefined; guest: string | undefined },
  paths: readonly string[],
): readonly Finding[] {
  if (backup === undefined || guest === undefined) return []
  return PROGRAMS.filter(({ reads }) => paths.some((path) => reads.test(path))).flatMap(({ name, of }): Finding[] => {
    const [then, now] = [releases(backup, of), releases(guest, of)]
    if (then === '' || then === now) return []
    const message = `the backup is of ${name} ${then}, the guest has ${now === '' ? 'none' : now}`
    const hint = `what is written may not be what ${name} reads there now: restore beside, without --over, and take what still holds`
    return [{ severity: 'warn', code: 'other-release', message, hint }]
  })
}

/** First two numbers of each release, in order: Debian's epoch and revision are no part of it. */
function releases(packages: string, of: RegExp): string {
  const found = packages
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([name = '']) => of.test(name))
    .map(([, version = '']) => /^(?:\d+:)?(\d+(?:\.\d+)?)/.exec(version)?.[1] ?? version)
  return [...new Set(found)].sort().join(', ')
}

/** What speaks against writing these differences over what is there, or must be done after it. Pure. */
export function overFindings(
  differences: readonly FilesDifference[],
  { databases }: { readonly databases: readonly string[] },
): readonly Finding[] {
  return [...wayFindings(differences), ...installationFindings(differences, databases), ...serverFindings(differences)]
}

function wayFindings(differences: readonly FilesDifference[]): readonly Finding[] {
  const paths = differences.flatMap(({ inTheWay }) => inTheWay)
  if (paths.length === 0) return []
  const message = `folders of the guest where the backup has something else: ${paths.slice(0, 5).join(', ')}`
  const hint = 'no folder is deleted by a restore: move them away, or restore beside, without --over'
  return [{ severity: 'refuse', code: 'path-in-way', message, hint }]
}

/** Files of one release of i-doit on databases of another do not work, and an update of it may destroy what is in them. */
function installationFindings(
  differences: readonly FilesDifference[],
  databases: readonly string[],
): readonly Finding[] {
  return differences.flatMap(({ installations }) =>
    installations
      .filter(({ now, backup }) => now !== undefined && backup !== undefined && now !== backup)
      .map(({ path, now, backup }): Finding => {
        const message = `${path}: the backup is of i-doit ${backup}, the guest has ${now}`
        if (databases.length > 0) {
          const hint = 'the databases of the same backup go with it: name all of them that i-doit uses'
          return { severity: 'warn', code: 'other-installation', message, hint }
        }
        const hint = `its databases here are of ${now}: restore those of the same backup with it (--only databases,files), or name one path with --path`
        return { severity: 'refuse', code: 'other-installation', message, hint }
      }),
  )
}

function serverFindings(differences: readonly FilesDifference[]): readonly Finding[] {
  const written = differences
    .flatMap(({ changes }) => changes)
    .find(({ path, change }) => change !== 'kept' && /^\/etc\/(mysql|my\.cnf)/.test(path))
  if (written === undefined) return []
  const message = `${written.path} is read by the database server, which is not restarted by a restore`
  return [
    { severity: 'warn', code: 'server-not-restarted', message, hint: 'restart it when you are ready for its outage' },
  ]
}
