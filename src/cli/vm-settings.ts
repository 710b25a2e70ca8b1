import type { Settings, VmEntry } from '../config/settings.ts'
import type { VmSettings } from '../coordinator/ports.ts'
import { StillshotError } from '../errors.ts'

/**
 * One VM of the configuration as the coordinator wants it. `secret` turns a reference into a function that fetches it.
 * Throws `not-supported` for a mode that this version does not know.
 */
export function vmSettings(
  settings: Settings,
  name: string,
  entry: VmEntry,
  secret: (reference: string, where: string) => () => Promise<string>,
): VmSettings {
  const profile = settings.profiles[entry.profile]
  if (profile === undefined) throw new StillshotError('config-invalid', `there is no profile ${entry.profile}`)
  const { user, password, defaultsFile } = entry.database
  return {
    name,
    reference: entry.id,
    guest: { vm: name, ...entry.ssh },
    profile,
    holdTtlMs: entry.hold.ttlMs,
    budgetMs: entry.hold.budgetMs,
    drainMs: entry.drainMs,
    longTransactionSeconds: Math.ceil(entry.longTransactionsMs / 1000),
    disks: entry.disks,
    drill: { ...drillSettings(entry.drill), limits: settings.drills },
    database: {
      ...(user === undefined ? {} : { databaseUser: user }),
      ...(defaultsFile === undefined ? {} : { defaultsFile }),
    },
    ...backupOf(entry),
    ...(password === undefined ? {} : { databasePassword: secret(password, `vms.${name}.database.password`) }),
  }
}

function drillSettings({ assert, ...limits }: VmEntry['drill']): NonNullable<VmSettings['drill']> {
  return { assertions: assert, ...limits }
}

function backupOf({ backup }: VmEntry): Pick<VmSettings, 'backup'> {
  if (backup === undefined) return {}
  const { repository, restore } = backup
  return { backup: { repository, allowed: restore ? ['backup', 'restore'] : ['backup'] } }
}
