import type { Command } from 'commander'
import type { CheckReport } from '../../coordinator/check-vm.ts'
import { ERRORS, worstExitStatus } from '../../errors.ts'
import type { Finding } from '../../finding.ts'
import type { App, Session } from '../app.ts'
import { formatMs, line } from '../format.ts'
import type { Act, CommandResult } from '../result.ts'
import { eachVm, failedText, type Outcome, selectVms } from '../vms.ts'

export function checkCommand(program: Command, act: Act): void {
  program
    .command('check')
    .description('test everything that a run needs, change nothing, say how to mend what is missing')
    .argument('[vm...]', 'names under vms:; default: all')
    .action((vms: string[]) => act('check', (session, app) => check(app, session, vms)))
}

/** Also what `snapshot --dry-run` does. */
export async function check(app: App, session: Session, names: readonly string[]): Promise<CommandResult> {
  const all = Object.keys((await session.settings()).vms)
  const vms = await selectVms(session, names.length === 0 ? all : names)
  const { signal, procedures } = app
  const looks = await eachVm(session, vms, { signal, changesNothing: true }, ({ ports, settings }) =>
    procedures.checkVm(ports, settings, { signal }),
  )
  return vms.length === 0 ? { ...checkDocument(looks), text: 'no VM is configured\n' } : checkDocument(looks)
}

/** What a look before a run found, for every command that can look only. */
export function checkDocument({ results, failed, statuses }: Outcome<CheckReport>): CommandResult {
  return {
    document: { reports: results, failed },
    text: results.map(reportText).join('\n'),
    errorText: failedText(failed),
    exitStatus: worstExitStatus([...statuses, ...results.map(statusOf)]),
  }
}

/** One refusal is reported by its own error, several as `preflight-refused`. */
function statusOf({ ok, findings }: CheckReport): number {
  if (ok) return 0
  const refusals = findings.filter(({ severity }) => severity === 'refuse')
  const only = refusals.length === 1 ? refusals[0]?.error : undefined
  return ERRORS[only ?? 'preflight-refused'].exit
}

const SIGNS: Readonly<Record<Finding['severity'], string>> = { ok: 'ok    ', warn: 'warn  ', refuse: 'refuse' }

function reportText({ vm, ok, findings, forecast, coverage }: CheckReport): string {
  const lines = [line`${vm}: ${ok ? 'ready' : 'a run would be refused'}`]
  for (const { severity, message, hint } of findings) {
    lines.push(line`  ${SIGNS[severity]}  ${message}`)
    if (hint !== '' && severity !== 'ok') lines.push(line`          ${hint}`)
  }
  for (const { guest, disk, by } of coverage) lines.push(line`  ${guest} of the guest is disk ${disk} (by ${by})`)
  if (forecast !== undefined) {
    const { stopMs, startMs, totalMs } = forecast
    lines.push(`  forecast of the outage: ${formatMs(totalMs)} (stop ${formatMs(stopMs)}, start ${formatMs(startMs)})`)
  }
  return `${lines.join('\n')}\n`
}
