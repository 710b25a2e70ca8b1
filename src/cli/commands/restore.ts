import type { Command } from 'commander'
import type { RestoreReport } from '../../coordinator/restore-snapshot.ts'
import { ERRORS, StillshotError } from '../../errors.ts'
import type { App, OpenVm, Session } from '../app.ts'
import { formatAge, formatMs, indent, line, printable } from '../format.ts'
import { gradeText } from '../point-text.ts'
import type { Act, CommandResult } from '../result.ts'
import { openVm } from '../vms.ts'
import { type BackupRestoreOptions, restoreFromBackup, withBackupOptions } from './restore-backup.ts'

interface RestoreOptions extends BackupRestoreOptions {
  readonly point?: string
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly safetySnapshot: boolean
}

export function restoreCommand(program: Command, act: Act): void {
  withBackupOptions(program.command('restore'))
    .description('put a VM back to a restore point and prove that its database came up')
    .argument('<vm>', 'a name under vms:')
    .option('--point <id>', 'restore point, or the beginning of its id; default: the newest db-stopped one')
    .option('--dry-run', 'say what would be done and lost, change nothing')
    .option('--yes', 'do not ask')
    .option('--no-safety-snapshot', 'do not snapshot the present state first: the restore cannot be undone')
    .action((vm: string, options: RestoreOptions) =>
      act('restore', (session, app) => restore(app, session, vm, options)),
    )
}

async function restore(app: App, session: Session, name: string, options: RestoreOptions): Promise<CommandResult> {
  if (options.from !== undefined) return restoreFromBackup(app, session, name, options)
  const dryRun = options.dryRun ?? false
  if (!dryRun && !options.yes && !app.terminal.interactive) {
    throw new StillshotError('usage', `restore of ${name} needs --yes where nobody can be asked`)
  }
  const open = await openVm(session, name, { changesNothing: dryRun })
  const order = { safetySnapshot: options.safetySnapshot, signal: app.signal, ...pointOf(options) }
  const planned = dryRun || !options.yes ? await plan(app, open, order) : undefined
  if (dryRun && planned !== undefined) return { document: { ...planned }, text: planText(app, planned) }
  // Only what was shown may be done: a newer point may have come meanwhile.
  const chosen = planned === undefined ? order : { ...order, pointId: planned.point.id }
  if (planned !== undefined) await ask(app, planned)
  const report = await app.procedures.restoreSnapshot(open.ports, open.settings, { ...chosen, dryRun: false })
  return {
    document: { ...report },
    text: reportText(report),
    exitStatus: report.cameBack ? 0 : ERRORS['restore-unproven'].exit,
  }
}

function pointOf({ point }: RestoreOptions): { pointId?: string } {
  return point === undefined ? {} : { pointId: point }
}

function plan(
  app: App,
  { ports, settings }: OpenVm,
  order: { safetySnapshot: boolean; signal: AbortSignal; pointId?: string },
) {
  return app.procedures.restoreSnapshot(ports, settings, { ...order, dryRun: true })
}

async function ask(app: App, planned: RestoreReport): Promise<void> {
  app.terminal.err(printable(app.redaction.text(planText(app, planned))))
  if (await app.prompts.confirm(line`Put ${planned.vm} back to this point?`)) return
  throw new StillshotError('cancelled', `restore of ${planned.vm} was not confirmed`, { hint: 'nothing was changed' })
}

function planText(app: App, { vm, point, plan }: RestoreReport): string {
  const age = formatAge(app.system.clock.now(), point.createdAt)
  const steps = plan.map((step, index) => line`  ${index + 1}. ${step}\n`)
  const what = line`${vm}: restore point ${point.id}, ${age} old; what was written since is lost`
  return `${what}\n${indent(gradeText(point))}\n${steps.join('')}`
}

function reportText(report: RestoreReport): string {
  const { vm, point, cameBack, proofs, bootMs, readyMs, totalMs, safetyPoint } = report
  const lines = [line`${vm}: ${cameBack ? 'is back at' : 'was put back, but is NOT proven to be at'} ${point.id}`]
  for (const { verdict, message } of proofs) lines.push(line`  ${verdict}: ${message}`)
  lines.push(`  took ${formatMs(totalMs)}: boot ${formatMs(bootMs)}, ready ${formatMs(readyMs)}`)
  if (safetyPoint !== undefined) {
    lines.push(line`  undo with: stillshot restore ${vm} --point ${safetyPoint.id}`)
  }
  return `${lines.join('\n')}\n`
}
