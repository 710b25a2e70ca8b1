import type { Command } from 'commander'
import type { PrunedPoint, PruneOrder, PruneReport } from '../../coordinator/prune-vm.ts'
import { ERRORS, type ErrorCode, StillshotError, worstExitStatus } from '../../errors.ts'
import type { App, OpenVm, Session } from '../app.ts'
import { formatAge, formatTable, indent, oneLine, printable } from '../format.ts'
import { retentionOf } from '../policy-vms.ts'
import type { Act, CommandResult } from '../result.ts'
import { eachVm, failedText, selectVms } from '../vms.ts'

interface PruneOptions {
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly backups?: boolean
}

export function pruneCommand(program: Command, act: Act): void {
  program
    .command('prune')
    .description('remove the restore points that no policy keeps; never the last good one')
    .argument('[vm...]', 'names under vms:; default: all that a policy with keep selects')
    .option('--dry-run', 'say what would go and what stays, and why; change nothing')
    .option('--backups', 'backups in repositories instead, as keepBackups of a policy says')
    .option('--yes', 'do not ask')
    .action((vms: string[], options: PruneOptions) => act('prune', (session, app) => prune(app, session, vms, options)))
}

async function prune(
  app: App,
  session: Session,
  names: readonly string[],
  { dryRun = false, yes = false, backups = false }: PruneOptions,
): Promise<CommandResult> {
  const { signal, terminal } = app
  if (!dryRun && !yes && !terminal.interactive) {
    throw new StillshotError('usage', 'prune needs --yes where nobody can be asked')
  }
  const rules = backups ? 'keepBackups' : 'keep'
  const pruneOne = backups ? app.procedures.pruneBackups : app.procedures.pruneVm
  const named = await selectVms(session, names.length > 0 ? names : Object.keys((await session.settings()).vms))
  const { policies, refused } = await retentionOf(app, session, named, rules)
  // Where nobody can tell, the VM has its turn, and fails with the reason.
  const vms = names.length > 0 ? named : named.filter(([name]) => policies.get(name)?.length !== 0)
  const looking = { signal, refused, changesNothing: dryRun }
  const { results, failed, statuses } = await eachVm(session, vms, looking, (open) => {
    const order = { policies: policies.get(open.settings.name) ?? [], signal }
    return dryRun || yes
      ? pruneOne(open.ports, open.settings, { ...order, dryRun })
      : pruneAsked(app, pruneOne, open, order)
  })
  return {
    document: { reports: results, failed },
    text:
      vms.length === 0
        ? `no policy with ${rules} selects a VM\n`
        : results.map((each) => reportText(app, each)).join('\n'),
    errorText: failedText(failed),
    exitStatus: worstExitStatus([...statuses, ...results.flatMap(statusesOf)]),
  }
}

/** Only what was shown may go: the next look may find more. */
async function pruneAsked(
  { prompts, redaction, terminal, ...app }: App,
  pruneOne: App['procedures']['pruneVm'],
  { ports, settings }: OpenVm,
  order: Omit<PruneOrder, 'dryRun'>,
): Promise<PruneReport> {
  const planned = await pruneOne(ports, settings, { ...order, dryRun: true })
  const only = planned.points.filter(({ fate }) => fate !== 'stays').map(({ id }) => id)
  if (only.length === 0) return { ...planned, dryRun: false }
  terminal.err(printable(redaction.text(reportText(app, planned))))
  if (await prompts.confirm(`Remove what goes of ${settings.name}?`)) {
    return pruneOne(ports, settings, { ...order, only, dryRun: false })
  }
  throw new StillshotError('cancelled', `prune of ${settings.name} was not confirmed`, { hint: 'nothing was changed' })
}

/** A point that the hypervisor would not remove is told by the hypervisor's own error. */
function statusesOf({ points }: PruneReport): readonly number[] {
  return points.flatMap(({ removal }) => {
    const code = removal?.why?.code ?? ''
    return Object.hasOwn(ERRORS, code) ? [ERRORS[code as ErrorCode].exit] : []
  })
}

function reportText({ system }: Pick<App, 'system'>, report: PruneReport): string {
  const { vm, points, left, paused, policies } = report
  const going = points.filter(({ fate, removal }) => fate !== 'stays' && removal?.outcome !== 'kept').length
  const by = policies.length === 0 ? 'no policy with keep selects it' : `by ${policies.join(', ')}`
  const now = system.clock.now()
  const rows = points.toReversed().map((point) => {
    const { id, createdAt, grade, kind } = point
    return [id, formatAge(now, createdAt), grade, kind, fateWord(point), whyWords(point)].map(oneLine)
  })
  const lines = [
    `${vm}: ${points.length} restore points, ${going} ${report.run === null ? 'go' : 'gone'}; ${by}`,
    ...(paused === null
      ? []
      : [`  nothing goes: run ${paused.run} failed, and no good point has followed: ${paused.message}`]),
    ...(rows.length === 0 ? [] : indent(formatTable(HEADER, rows)).trimEnd().split('\n')),
    ...left.map(({ snapshot, reason }) => `  left alone: ${snapshot}: ${reason.message}`),
  ]
  return `${lines.map(oneLine).join('\n')}\n`
}

const HEADER = ['ID', 'AGE', 'GRADE', 'KIND', 'FATE', 'WHY']

function fateWord({ fate, removal }: PrunedPoint): string {
  if (removal === undefined) return fate
  return removal.outcome === 'kept' ? 'KEPT' : removal.outcome
}

function whyWords({ reasons, removal }: PrunedPoint): string {
  const why = removal?.why
  return [
    ...(why === undefined ? [] : [`${why.message} (${why.code})`]),
    ...reasons.map(({ message }) => message),
  ].join('; ')
}
