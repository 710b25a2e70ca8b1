import type { Command } from 'commander'
import type { RemoveCopyReport } from '../../coordinator/remove-copy.ts'
import type { CopyReport } from '../../coordinator/restore-as.ts'
import { ERRORS, StillshotError } from '../../errors.ts'
import type { App, Session } from '../app.ts'
import { formatAge, formatMs, indent, line } from '../format.ts'
import { gradeText, pointDocument } from '../point-text.ts'
import type { CommandResult } from '../result.ts'
import { openVm } from '../vms.ts'

/** What `restore` takes for copies beside the VM. */
export interface CopyOptions {
  readonly as?: string
  readonly removeCopy?: string
}

export function withCopyOptions(command: Command): Command {
  return command
    .option(
      '--as <name>',
      'not over the VM but beside it: a copy of this name, without a network, kept until it is removed',
    )
    .option('--remove-copy <name>', 'remove the copy of this name that --as made, for good')
}

/** Throws `usage` for an option that a copy would ignore. */
export function refuseBesideCopy(options: CopyOptions & Readonly<Record<string, unknown>>): void {
  const { as, removeCopy } = options
  if (as === undefined && removeCopy === undefined) return
  const copy = as === undefined ? '--remove-copy' : '--as'
  const others = {
    ...{ '--from': options.from, '--undo': options.undo, '--as': removeCopy === undefined ? undefined : as },
    '--accept': first(options.accept),
    '--remove-newer': first(options.removeNewer),
    '--no-safety-snapshot': options.safetySnapshot === false ? true : undefined,
    ...(removeCopy === undefined ? {} : { '--point': options.point, '--at': options.at, '--wait': options.wait }),
  }
  const given = Object.entries(others).find(([, value]) => value !== undefined)?.[0]
  if (given !== undefined) throw new StillshotError('usage', `${given} does not go with ${copy}`)
}

function first(list: unknown): unknown {
  return Array.isArray(list) ? list[0] : undefined
}

/** `order`: which point, and how long to wait for it. */
export async function restoreBeside(
  app: App,
  session: Session,
  name: string,
  order: Omit<Parameters<App['procedures']['restoreAs']>[2], 'signal'>,
): Promise<CommandResult> {
  const { ports, settings } = await openVm(session, name, { changesNothing: order.dryRun })
  const report = await app.procedures.restoreAs(ports, settings, { ...order, signal: app.signal })
  const document = { ...report, point: pointDocument(report.point) }
  if (report.copy === null) return { document, text: planText(report, app.system.clock.now()) }
  return {
    document,
    text: reportText(report),
    exitStatus: report.cameBack === false ? ERRORS['copy-unproven'].exit : 0,
  }
}

export async function removeNamedCopy(
  app: App,
  session: Session,
  name: string,
  { copy, dryRun, yes }: { readonly copy: string; readonly dryRun: boolean; readonly yes: boolean },
): Promise<CommandResult> {
  if (!dryRun && !yes && !app.terminal.interactive) {
    throw new StillshotError('usage', `--remove-copy ${copy} needs --yes where nobody can be asked`)
  }
  const { ports, settings } = await openVm(session, name, { changesNothing: dryRun })
  const order = { name: copy, signal: app.signal }
  const remove = (dry: boolean, id?: string) =>
    app.procedures.removeCopy(ports, settings, { ...order, ...(id === undefined ? {} : { id }), dryRun: dry })
  let agreed: string | undefined
  if (!dryRun && !yes) {
    const { copy: found } = await remove(true)
    const words = line`Type the name of the copy, ${found.name}, to remove it and what it holds for good`
    const typed = await app.prompts.text(words)
    if (typed !== found.name) {
      throw new StillshotError('cancelled', `removal of ${copy} was not confirmed`, { hint: 'nothing was changed' })
    }
    agreed = found.id
  }
  const report = await remove(dryRun, agreed)
  return { document: { ...report }, text: removedText(report) }
}

function planText({ vm, point, plan, warnings }: CopyReport, nowMs: number): string {
  const lines = [
    line`${vm}: restore point ${point.id}, ${formatAge(nowMs, point.createdAt)} old, beside it`,
    indent(gradeText(point)),
    ...warnings.map(({ message, hint }) => line`  note: ${message} (${hint})`),
    ...plan.map((step, index) => line`  ${index + 1}. ${step}`),
  ]
  return `${lines.join('\n')}\n`
}

/** What came of it, how to get at the copy, and how to be rid of it. */
export function reportText(report: CopyReport): string {
  const { vm, as, point, cameBack, findings, warnings, reach, bootMs, readyMs, totalMs } = report
  const state =
    cameBack === null
      ? 'and its database was not looked at'
      : cameBack
        ? 'with its database up'
        : 'its database is NOT seen to be up'
  const lines = [
    line`${vm}: the copy ${as} is there as of ${point.id}, ${state}`,
    ...findings.map(({ verdict, message }) => line`  ${verdict}: ${message}`),
    ...warnings.map(({ message, hint }) => line`  note: ${message} (${hint})`),
    `  took ${formatMs(totalMs)}: boot ${formatMs(bootMs)}, ready ${formatMs(readyMs)}`,
    '  it has no network card',
    line`  reach it with: ${reach}`,
    line`  remove it with: stillshot restore ${vm} --remove-copy ${as}`,
  ]
  return `${lines.join('\n')}\n`
}

function removedText({ vm, copy, removed }: RemoveCopyReport): string {
  const { name, snapshotName, power } = copy
  if (removed) return line`${vm}: the copy ${name} is removed\n`
  return line`${vm}: the copy ${name} of snapshot ${snapshotName}, which is ${power}, would be removed for good\n`
}
