import type { Command } from 'commander'
import type { RebuildReport } from '../../coordinator/rebuild-catalog.ts'
import { worstExitStatus } from '../../errors.ts'
import type { App, Session } from '../app.ts'
import { formatAge, formatTable, indent, line } from '../format.ts'
import type { Act, CommandResult } from '../result.ts'
import { eachVm, failedText, selectVms } from '../vms.ts'

export function catalogCommand(program: Command, act: Act): void {
  const catalog = program.command('catalog').description('the index of restore points')
  catalog
    .command('rebuild')
    .description('read lost restore points back from what stillshot wrote on snapshots and beside backups')
    .argument('[vm...]', 'names under vms:; default: all')
    .option('--dry-run', 'say what would be read back, change nothing')
    .action((vms: string[], { dryRun = false }: { dryRun?: boolean }) =>
      act('catalog rebuild', (session, app) => rebuild(app, session, vms, dryRun)),
    )
}

async function rebuild(app: App, session: Session, names: readonly string[], dryRun: boolean): Promise<CommandResult> {
  const { signal, procedures, system } = app
  const all = Object.keys((await session.settings()).vms)
  const vms = await selectVms(session, names.length === 0 ? all : names)
  const { results, failed, statuses } = await eachVm(session, vms, { signal, changesNothing: dryRun }, (open) =>
    procedures.rebuildCatalog(open.ports, open.settings, { dryRun, signal }),
  )
  const nowMs = system.clock.now()
  return {
    document: { reports: results, failed },
    text: vms.length === 0 ? 'no VM is configured\n' : results.map((each) => reportText(each, nowMs)).join('\n'),
    errorText: failedText(failed),
    exitStatus: worstExitStatus(statuses),
  }
}

function reportText({ vm, dryRun, points, left }: RebuildReport, nowMs: number): string {
  const fresh = points.filter(({ outcome }) => outcome !== 'known').length
  const rows = points.toReversed().map(({ id, createdAt, grade, claimed, verified, outcome, reasons }) => {
    const says = verified ? `${claimed}, verified` : `${claimed}, only claimed`
    const why = reasons.map(({ message }) => message).join('; ')
    return [id, formatAge(nowMs, createdAt), grade, says, outcome, why]
  })
  const done = dryRun ? 'would be read back' : 'read back'
  const lines = [
    line`${vm}: ${points.length} snapshots and backups say to be of stillshot, ${fresh} ${done}`,
    ...(rows.length === 0 ? [] : [indent(formatTable(HEADER, rows)).trimEnd()]),
    ...left.map(({ snapshot, reason }) => line`  left alone: ${snapshot}: ${reason.message}`),
  ]
  return `${lines.join('\n')}\n`
}

const HEADER = ['ID', 'AGE', 'GRADE', 'SAYS', 'OUTCOME', 'WHY']
