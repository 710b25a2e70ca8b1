import type { Command } from 'commander'
import type { BackupRestoreOrder, BackupRestoreReport } from '../../coordinator/restore-backup.ts'
import type { ChangesReport } from '../../coordinator/restore-to-time.ts'
import { ERRORS, StillshotError } from '../../errors.ts'
import { PLACE } from '../../guest/profile.ts'
import type { App, OpenVm, Session } from '../app.ts'
import { formatAge, indent, line, printable } from '../format.ts'
import { gradeText } from '../point-text.ts'
import { countsText, filesText } from '../restore/files-text.ts'
import type { CommandResult } from '../result.ts'
import { openVm } from '../vms.ts'
import { readParts } from './backup.ts'

interface SnapshotOnlyOptions {
  readonly at?: string
  readonly undo?: boolean
  readonly accept: readonly string[]
  readonly removeNewer: readonly string[]
  readonly wait?: string | true
}

/** What `restore` takes of either kind: each is told where the other is asked for. */
export interface BackupRestoreOptions extends SnapshotOnlyOptions {
  readonly from?: string
  readonly point?: string
  readonly only?: string
  readonly database?: readonly string[]
  readonly users?: boolean
  readonly path?: string
  readonly over?: boolean
  readonly into?: string
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly safetySnapshot: boolean
}

/** What `restore` takes with `--from backup`. */
export function withBackupOptions(command: Command): Command {
  const collect = (name: string, names: readonly string[] = []) => [...names, name]
  return command
    .option('--from <kind>', '`backup`: databases, files or configuration out of a repository')
    .option('--only <parts>', 'of a backup: databases,files,configuration; default: databases')
    .option('--database <name>', 'of a backup: this database only; may be repeated', collect)
    .option('--users', 'of a backup: accounts and their rights, too')
    .option('--into <vm>', 'of a backup: put it into this VM instead, with what the guest there allows')
    .option('--path <path>', 'of a backup: files under this path only')
    .option(
      '--over',
      'of a backup: files and configuration over what is there, the application held; default: beside it',
    )
}

/** Throws `usage` for an option that the other kind of restore would ignore. */
export function refuseOtherKind(options: BackupRestoreOptions): void {
  const { only, database, users, path, over, undo, accept, removeNewer, wait } = options
  const ofBackup = {
    '--only': only,
    '--database': database,
    '--users': users,
    '--path': path,
    '--into': options.into,
    '--over': over,
  }
  const ofSnapshot = { '--undo': undo, '--wait': wait }
  const lists = { '--accept': accept[0], '--remove-newer': removeNewer[0] }
  const foreign = options.from === undefined ? ofBackup : { ...ofSnapshot, ...lists }
  const given = Object.entries(foreign).find(([, value]) => value !== undefined)?.[0]
  if (given === undefined) return
  const where = options.from === undefined ? 'needs --from backup' : `does not go with --from ${options.from}`
  throw new StillshotError('usage', `${given} ${where}`)
}

export async function restoreFromBackup(
  app: App,
  session: Session,
  name: string,
  options: BackupRestoreOptions,
): Promise<CommandResult> {
  const { from, dryRun = false, yes = false } = options
  if (from !== 'backup') throw new StillshotError('usage', `--from ${from}: only \`backup\` is known`)
  if (!dryRun && !yes && !app.terminal.interactive) {
    throw new StillshotError('usage', `restore of ${name} needs --yes where nobody can be asked`)
  }
  const order = { ...orderOf(app, options), of: name }
  const open = await openVm(session, options.into ?? name, { changesNothing: dryRun })
  const planned = dryRun || !yes ? await carryOut(app, open, { ...order, dryRun: true }) : undefined
  if (dryRun && planned !== undefined) return dryRunResult(app, planned)
  if (planned !== undefined) await ask(app, planned)
  // Only what was shown may be done: a newer backup may have come meanwhile.
  const chosen = planned === undefined ? order : { ...order, pointId: planned.point.id }
  const report = await carryOut(app, open, chosen)
  return { document: { ...report }, text: reportText(report) }
}

function dryRunResult(app: App, planned: BackupRestoreReport): CommandResult {
  const refused = planned.findings.some(({ severity }) => severity === 'refuse')
  const exitStatus = refused ? ERRORS['preflight-refused'].exit : 0
  return { document: { ...planned }, text: planText(app, planned), exitStatus }
}

function carryOut({ procedures }: App, { ports, settings }: OpenVm, order: BackupRestoreOrder) {
  return procedures.restoreBackup(ports, settings, order)
}

function orderOf({ signal }: App, options: BackupRestoreOptions): BackupRestoreOrder {
  const { point, at, only, database, users = false, path, over = false, safetySnapshot } = options
  if (path !== undefined && !new RegExp(PLACE).test(path)) {
    throw new StillshotError('usage', `--path ${path}: an absolute path without a slash at its end is wanted`)
  }
  const parts = readParts(only ?? (path === undefined ? 'databases' : 'files'))
  if (over && parts.every((part) => part === 'databases')) {
    throw new StillshotError('usage', '--over is of files and configuration: name them with --only or --path')
  }
  return {
    ...{ parts, users, over, safety: safetySnapshot, dryRun: false, signal },
    ...(point === undefined ? {} : { pointId: point }),
    ...(at === undefined ? {} : { at }),
    ...(database === undefined ? {} : { databases: database }),
    ...(path === undefined ? {} : { path }),
  }
}

async function ask(app: App, planned: BackupRestoreReport): Promise<void> {
  app.terminal.err(printable(app.redaction.text(planText(app, planned))))
  if (await app.prompts.confirm(line`Do this to ${planned.vm}?`)) return
  throw new StillshotError('cancelled', `restore of ${planned.vm} was not confirmed`, { hint: 'nothing was changed' })
}

function planText(app: App, { vm, point, plan, findings, files = [] }: BackupRestoreReport): string {
  const age = formatAge(app.system.clock.now(), point.createdAt)
  const of = point.vm === vm ? '' : ` of ${point.vm}`
  const what = line`${vm}: backup ${point.id}${of}, ${age} old; what was written since into what it replaces is lost`
  const steps = plan.map((step, index) => line`  ${index + 1}. ${step}\n`)
  const said = findings.map(({ severity, message }) => line`  ${severity}: ${message}\n`)
  return `${what}\n${indent(gradeText(point))}\n${steps.join('')}${filesText(files)}${said.join('')}`
}

function reportText({ vm, point, undoWith, beside, files = [], changes, findings }: BackupRestoreReport): string {
  const of = point.vm === vm ? '' : ` of ${point.vm}`
  const lines = [line`${vm}: restored from backup ${point.id}${of}`]
  for (const { severity, message } of findings) lines.push(line`  ${severity}: ${message}`)
  if (beside !== undefined) lines.push(line`  files are in ${beside} of the guest`)
  for (const difference of files) lines.push(`  written: ${countsText(difference)}`)
  if (changes !== undefined) lines.push(changesText(changes))
  if (undoWith !== undefined) lines.push(line`  undo with: ${undoWith}`)
  return `${lines.join('\n')}\n`
}

function changesText({ changes, transactions, lastAt, leftOut, point }: ChangesReport): string {
  const last = lastAt === null ? '' : `, the last at ${lastAt}`
  const { accounts, others } = leftOut
  const out = accounts + others === 0 ? '' : `; left out: ${accounts} of accounts, ${others} of other databases`
  return line`  carried out over it: ${changes} changes in ${transactions} transactions${last}${out} (kept as ${point})`
}
