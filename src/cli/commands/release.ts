import type { Command } from 'commander'
import { ERRORS, StillshotError } from '../../errors.ts'
import type { App, Session } from '../app.ts'
import { line } from '../format.ts'
import { gradeStatus } from '../grade-status.ts'
import { gradeText, outageText } from '../point-text.ts'
import type { Act, CommandResult } from '../result.ts'
import { openVm } from '../vms.ts'

export function releaseCommand(program: Command, act: Act): void {
  program
    .command('release')
    .description('end a hold: fence, start, and say what a snapshot taken in between is worth')
    .argument('<hold>', 'the id that `hold` printed')
    .action((id: string) => act('release', (session, app) => release(app, session, id)))
}

async function release({ procedures, signal }: App, session: Session, id: string): Promise<CommandResult> {
  const record = await (await session.catalog()).hold(id)
  if (record === undefined) throw new StillshotError('hold-not-found', `there is no hold ${id}`)
  const { ports, settings } = await openVm(session, record.vm)
  const report = await procedures.releaseHold(ports, settings, id, { signal })
  const outage = report.outage === undefined ? '' : `  outage ${outageText(report.outage)}\n`
  const worth = `  a snapshot taken in between is ${gradeText(report).replaceAll('\n', '\n  ')}\n`
  return {
    document: { ...report },
    text: `${line`${report.vm}: hold ${id} ${report.state}`}\n${worth}${outage}`,
    exitStatus: report.state === 'expired' ? ERRORS['hold-expired'].exit : gradeStatus([report]),
  }
}
