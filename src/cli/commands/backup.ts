import type { Command } from 'commander'
import type { RestorePoint } from '../../catalog/catalog.ts'
import { dumpEvidence } from '../../coordinator/backup-manifest.ts'
import type { BackupOrder } from '../../coordinator/backup-order.ts'
import { ERRORS, StillshotError, worstExitStatus } from '../../errors.ts'
import { isWorse } from '../../grade/grade.ts'
import { PARTS, type Part } from '../../repository/manifest.ts'
import type { App, Session } from '../app.ts'
import { formatBytes, indent, line } from '../format.ts'
import { gradeText, pointDocument } from '../point-text.ts'
import type { Act, CommandResult } from '../result.ts'
import { eachVm, failedText, selectVms } from '../vms.ts'
import { checkDocument } from './check.ts'

interface BackupOptions {
  readonly only?: string
  readonly repository?: string
  readonly dryRun?: boolean
}

export function backupCommand(program: Command, act: Act): void {
  program
    .command('backup')
    .description('copy databases, files and configuration of a guest into a repository, while everything runs')
    .argument('<vm...>', 'names under vms:')
    .option('--only <parts>', 'of databases,files,configuration; default: all')
    .option('--repository <name>', 'a name under repositories:; default: the VM’s own')
    .option('--dry-run', 'check only, change nothing')
    .action((vms: string[], options: BackupOptions) =>
      act('backup', (session, app) => backup(app, session, vms, options)),
    )
}

async function backup(
  app: App,
  session: Session,
  names: readonly string[],
  { only, repository, dryRun = false }: BackupOptions,
): Promise<CommandResult> {
  const { signal, procedures } = app
  const parts = readParts(only)
  const order: BackupOrder = { parts, signal, ...(repository === undefined ? {} : { repository }) }
  const vms = await selectVms(session, names)
  if (dryRun) {
    const looks = await eachVm(session, vms, { signal, changesNothing: true }, ({ ports, settings }) =>
      procedures.checkBackup(ports, settings, order),
    )
    return checkDocument(looks)
  }
  const { results, failed, statuses } = await eachVm(session, vms, { signal }, ({ ports, settings }) =>
    procedures.takeBackup(ports, settings, order),
  )
  return {
    document: { points: results.map(pointDocument), failed },
    text: results.map(backupText).join(''),
    errorText: failedText(failed),
    exitStatus: worstExitStatus([...statuses, ...results.map((point) => statusOf(point, parts))]),
  }
}

/** What is named by `--only`, in the order of {@link PARTS}. Throws `usage`. */
export function readParts(only: string | undefined): readonly Part[] {
  if (only === undefined) return PARTS
  const words = only.split(',').map((word) => word.trim())
  const wrong = words.find((word) => !PARTS.some((part) => part === word))
  if (wrong === undefined) return PARTS.filter((part) => words.includes(part))
  throw new StillshotError('usage', `--only ${only}: ${JSON.stringify(wrong)} is none of ${PARTS.join(', ')}`)
}

/** A copy without databases has no better grade to earn. */
function statusOf({ grade }: RestorePoint, parts: readonly Part[]): number {
  return parts.includes('databases') && isWorse(grade, 'db-locked') ? ERRORS['grade-below-mode'].exit : 0
}

function backupText(point: RestorePoint): string {
  const { streams = [] } = dumpEvidence(point)?.manifest ?? {}
  const sizeBytes = streams.reduce((sum, each) => sum + each.sizeBytes, 0)
  const lines = [
    line`${point.vm}: backup ${point.id}, ${formatBytes(sizeBytes)} in ${streams.length} streams`,
    indent(gradeText(point)),
    line`  ${point.snapshot}`,
    line`  check it with: stillshot verify ${point.id}; by hand: stillshot show ${point.id}`,
  ]
  return `${lines.join('\n')}\n`
}
