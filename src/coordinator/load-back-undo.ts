import { StillshotError } from '../errors.ts'
import type { UndoRecord } from '../saga/journal-event.ts'
import type { LoadBack } from './load-back.ts'
import type { BackupRestorePlan } from './plan-backup-restore.ts'

/** As long as a load of a large server. It ends by itself before when nothing moves. */
const LIMIT_MS = 86_400_000

/** The way back from a load: urgent, and before the application starts. */
export function wayBack({
  run,
  machine,
  safety,
  plan,
}: Pick<LoadBack, 'run' | 'machine' | 'safety'> & { plan: BackupRestorePlan }): UndoRecord {
  const { databases, users, held } = plan
  const what = users ? 'databases and accounts' : 'databases'
  const from =
    safety === undefined ? 'from a backup' : `of backup ${safety.id} as \`stillshot show ${safety.id}\` tells`
  return {
    action: 'load-back',
    args: {
      ...safety,
      ...{ databases: JSON.stringify(databases), users: String(users) },
      ...{ run, held: String(held), machine },
    },
    urgent: true,
    timeoutMs: LIMIT_MS,
    byHand:
      `stop the application, put back the ${what} ${databases.join(', ')} ${from}, ` +
      `\`stillshot-guest whole ${run} mended\` as root in the guest, then \`stillshot recover\``,
  }
}

/** What {@link wayBack} wrote in the journal. */
export function loadBackOf(args: Readonly<Record<string, string>>): LoadBack {
  const { repository, vm, id, databases, users, run, held, machine } = args
  if (databases === undefined || run === undefined || machine === undefined) {
    throw new StillshotError('journal-damaged', 'an undo lacks an argument in the journal')
  }
  const isKept = repository !== undefined && vm !== undefined && id !== undefined
  return {
    safety: isKept ? { repository, vm, id } : undefined,
    ...{ run, machine, users: users === 'true', held: held === 'true' },
    databases: JSON.parse(databases) as readonly string[],
  }
}
