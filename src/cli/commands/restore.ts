import type { Command } from 'commander'
import { ERRORS, StillshotError } from '../../errors.ts'
import { CONSENTS } from '../../finding.ts'
import type { App, Session } from '../app.ts'
import { askForRestore, type WantedRestore } from '../restore/ask.ts'
import { planText, reportText } from '../restore/plan-text.ts'
import type { Act, CommandResult } from '../result.ts'
import { openVm } from '../vms.ts'
import { waitOf } from '../wait-option.ts'
import { type BackupRestoreOptions, refuseOtherKind, restoreFromBackup, withBackupOptions } from './restore-backup.ts'
import { type CopyOptions, refuseBesideCopy, removeNamedCopy, restoreBeside, withCopyOptions } from './restore-copy.ts'

type RestoreOptions = BackupRestoreOptions & CopyOptions

export function restoreCommand(program: Command, act: Act): void {
  withCopyOptions(withBackupOptions(program.command('restore')))
    .description('put a VM back to a restore point and prove that its database came up; on a terminal, it asks which')
    .argument('<vm>', 'a name under vms:')
    .option('--point <id>', 'restore point, or the beginning of its id; default: the newest db-stopped one')
    .option(
      '--at <time>',
      "the newest restore point at or before this time, such as 2026-11-27T02:30:00Z; with --from backup: as the databases were then, by the server's binary log",
    )
    .option('--undo', 'go back to what was there before the last restore')
    .option('--accept <who>', `that these are left behind: ${CONSENTS.join(', ')}; may be given again`, collect, [])
    .option(
      '--remove-newer <snapshot>',
      'remove this newer snapshot for good, where only the newest can be gone back to; may be given again',
      collect,
      [],
    )
    .option('--wait [duration]', 'wait for another run that has the VM, at most so long; default: 30m')
    .option('--dry-run', 'say what would be done and lost, change nothing')
    .option('--yes', 'do not ask')
    .option('--no-safety-snapshot', 'do not snapshot the present state first: the restore cannot be undone')
    .action((vm: string, options: RestoreOptions) =>
      act('restore', (session, app) => restore(app, session, vm, options)),
    )
}

async function restore(app: App, session: Session, name: string, options: RestoreOptions): Promise<CommandResult> {
  refuseBesideCopy({ ...options })
  refuseOtherKind(options)
  if (options.removeCopy !== undefined) {
    const { dryRun = false, yes = false, removeCopy: copy } = options
    return removeNamedCopy(app, session, name, { copy, dryRun, yes })
  }
  if (options.as !== undefined) {
    const { as, dryRun = false } = options
    const { pointId, at, waitMs = 0 } = wantedOf(app, options)
    const wanted = { ...(pointId === undefined ? {} : { pointId }), ...(at === undefined ? {} : { at }) }
    return restoreBeside(app, session, name, { ...wanted, as, dryRun, waitMs })
  }
  if (options.from !== undefined) return restoreFromBackup(app, session, name, options)
  const { dryRun = false, yes = false, undo = false } = options
  const wanted = wantedOf(app, options)
  if (!dryRun && !yes && !app.terminal.interactive) {
    throw new StillshotError('usage', `restore of ${name} needs --yes where nobody can be asked`)
  }
  const open = await openVm(session, name, { changesNothing: dryRun })
  const { ports, settings } = open
  const order = dryRun || yes ? wanted : await askForRestore(app, open, wanted)
  const report = await app.procedures.restoreSnapshot(ports, settings, { ...order, dryRun })
  if (dryRun) return { document: { ...report }, text: planText(report, app.system.clock.now()) }
  return {
    document: { ...report },
    text: reportText(report, { undo }),
    exitStatus: report.cameBack ? 0 : ERRORS['restore-unproven'].exit,
  }
}

/** Throws `usage` for what contradicts itself, before anything is opened. */
function wantedOf(
  { signal }: App,
  { point, at, undo, accept, removeNewer, wait, safetySnapshot }: BackupRestoreOptions,
): WantedRestore {
  if ([point, at, undo].filter((given) => given !== undefined).length > 1) {
    throw new StillshotError('usage', '--point, --at and --undo exclude each other')
  }
  const unknown = accept.find((who) => !(CONSENTS as readonly string[]).includes(who))
  if (unknown !== undefined) {
    throw new StillshotError('usage', `--accept ${unknown} is none of ${CONSENTS.join(', ')}`)
  }
  return {
    ...(point === undefined ? {} : { pointId: point }),
    ...(at === undefined ? {} : { at }),
    ...(undo === undefined ? {} : { undo }),
    ...(removeNewer.length === 0 ? {} : { removeNewer }),
    ...{ safetySnapshot, accept, signal, waitMs: waitOf(wait) },
  }
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value]
}
