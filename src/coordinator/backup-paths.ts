import type { Finding } from '../finding.ts'
import type { Reason } from '../grade/grade.ts'
import type { BackupPaths } from '../guest/profile.ts'
import type { InventoryAnswer } from '../guest/protocol/answers.ts'
import type { Part } from '../repository/manifest.ts'

type Named = BackupPaths | undefined

/** What is said of the files and the configuration that a backup of these parts would hold. Pure. */
export function pathFindings(inventory: InventoryAnswer, parts: readonly Part[], named: Named): readonly Finding[] {
  return [
    ...fileFindings(inventory, parts),
    ...missingFindings(inventory, parts, named),
    ...linkFindings(inventory, parts, named),
    ...packageFindings(inventory, parts),
  ]
}

function packageFindings({ packages }: InventoryAnswer, parts: readonly Part[]): readonly Finding[] {
  if (packages || !parts.includes('configuration')) return []
  const message = 'the guest has neither dpkg nor rpm: the backup does not say what is installed'
  const hint = 'write it down where you will find it when the guest is gone'
  return [{ severity: 'warn', code: 'packages-unknown', message, hint }]
}

/** Paths that were there before the backup and are not after it: what of them is in it is not known. Pure. */
export function goneReasons(
  before: InventoryAnswer,
  after: InventoryAnswer,
  parts: readonly Part[],
): readonly Reason[] {
  return (['files', 'configuration'] as const)
    .filter((part) => parts.includes(part))
    .flatMap((part) => before[part].filter((path) => !after[part].includes(path)))
    .map((path) => ({ code: 'path-gone', message: `${path} went away during the backup, which may lack it` }))
}

function fileFindings({ gnuTar, files, configuration }: InventoryAnswer, parts: readonly Part[]): readonly Finding[] {
  const wanted = { files, configuration } as const
  const named = (['files', 'configuration'] as const).filter((part) => parts.includes(part))
  if (named.length > 0 && !gnuTar) {
    const message = 'the guest has no GNU tar: another one loses attributes'
    return [{ severity: 'refuse', code: 'tar-missing', message, hint: 'install it, or name other parts with --only' }]
  }
  return named
    .filter((part) => wanted[part].length === 0)
    .map((part): Finding => {
      const message = `none of the paths of ${part} is in the guest`
      const hint = 'name them under `profiles: NAME: backup:`, then run `stillshot guest install VM`'
      return { severity: parts.length === 1 ? 'refuse' : 'warn', code: `no-${part}`, message, hint }
    })
}

/** What is named here and was not found there: it is gone, or the profile in the guest does not name it yet. */
function missingFindings(inventory: InventoryAnswer, parts: readonly Part[], named: Named): readonly Finding[] {
  if (named === undefined || named.anyDistribution) return []
  return (['files', 'configuration'] as const)
    .filter((part) => parts.includes(part))
    .flatMap((part) => named[part].filter((path) => !inventory[part].includes(path)))
    .map((path) => {
      const message = `${path} is not in the guest, or its profile there does not name it: the backup lacks it`
      const hint = 'mount it, or correct `profiles: NAME: backup:`, then run `stillshot guest install VM`'
      return { severity: 'warn', code: 'path-missing', message, hint }
    })
}

/** What the profile names must be there itself. Of what the helper looks for everywhere, a link may lead to another of it. */
function linkFindings(
  { files, configuration, links }: InventoryAnswer,
  parts: readonly Part[],
  named: Named,
): Finding[] {
  const wanted = { files, configuration } as const
  return (['files', 'configuration'] as const)
    .filter((part) => parts.includes(part))
    .flatMap((part) => links.filter((path) => wanted[part].includes(path)).map((path) => ({ part, path })))
    .map(({ part, path }) => {
      const message = `${path} is a link: the backup would hold it, and nothing of what it leads to`
      const hint = `name what \`readlink -f ${path}\` prints under \`profiles: NAME: backup:\`, then run \`stillshot guest install VM\``
      const severity = part === 'files' || named?.configuration.includes(path) ? 'refuse' : 'warn'
      return { severity, code: 'path-is-link', message, hint }
    })
}
