import type { Command } from 'commander'
import type { DrillRecord } from '../../catalog/catalog.ts'
import type { DrillReport } from '../../coordinator/run-drill.ts'
import { ERRORS, StillshotError } from '../../errors.ts'
import type { App, Session } from '../app.ts'
import { indent, line } from '../format.ts'
import { drillText, gradeText, pointDocument } from '../point-text.ts'
import type { Act, CommandResult } from '../result.ts'
import { openVm, selectVms } from '../vms.ts'
import { waitOf } from '../wait-option.ts'

/** Of a restore point, or its beginning. */
const MAY_BE_ID = /^[0-9A-Za-z]{4,26}$/

interface DrillOptions {
  readonly dryRun?: boolean
  readonly wait?: string | true
}

export function drillCommand(program: Command, act: Act): void {
  program
    .command('drill')
    .description('try a restore point on a copy of its VM that has no network, and destroy the copy')
    .argument('<vm|point>', 'a name under vms: for its newest db-stopped point, or the id of a restore point')
    .option('--dry-run', 'check only, change nothing')
    .option(
      '--wait [duration]',
      'wait for other drills, for the hours, and for a run that has the VM, at most so long; default: 30m',
    )
    .action((word: string, options: DrillOptions) => act('drill', (session, app) => drill(app, session, word, options)))
}

async function drill(app: App, session: Session, word: string, options: DrillOptions): Promise<CommandResult> {
  const dryRun = options.dryRun ?? false
  const { vm, ...order } = await whatIsMeant(session, word)
  const { ports, settings } = await openVm(session, vm, { changesNothing: dryRun })
  const report = await app.procedures.runDrill(ports, settings, {
    ...order,
    dryRun,
    waitMs: waitOf(options.wait),
    signal: app.signal,
  })
  return {
    document: { ...report, point: pointDocument(report.point), drill: report.drill ?? null },
    text: report.drill === undefined ? planText(report) : reportText(report, report.drill),
    exitStatus: statusOf(report.drill),
  }
}

/** A name under `vms:` goes before the id of a point. */
async function whatIsMeant(session: Session, word: string): Promise<{ vm: string; pointId?: string }> {
  const { vms } = await session.settings()
  if (Object.hasOwn(vms, word)) return { vm: word }
  const point = MAY_BE_ID.test(word) ? await (await session.catalog()).point(word) : undefined
  if (point !== undefined) return { vm: point.vm, pointId: point.id }
  // Says which VMs there are.
  await selectVms(session, [word])
  throw new StillshotError('point-not-found', `there is no VM and no restore point ${word}`)
}

function statusOf(record: DrillRecord | undefined): number {
  if (record === undefined || record.result === 'passed') return 0
  return ERRORS[record.result === 'failed' ? 'drill-failed' : 'drill-inconclusive'].exit
}

function planText({ vm, point, plan, findings }: DrillReport): string {
  const steps = plan.map((step, index) => line`  ${index + 1}. ${step}\n`)
  return `${line`${vm}: restore point ${point.id}`}\n${indent(gradeText(point))}\n${[...steps, ...findingLines(findings)].join('')}`
}

function reportText({ vm, point, findings }: DrillReport, record: DrillRecord): string {
  const head = line`${vm}: restore point ${point.id}: drill ${drillText(record)}`
  return `${head}\n${findingLines(findings).join('')}${indent(gradeText(point))}\n`
}

function findingLines(findings: DrillReport['findings']): readonly string[] {
  return findings.map(({ verdict, message }) => line`  ${verdict}: ${message}\n`)
}
