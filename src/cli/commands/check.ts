import type { Command } from 'commander'
import type { CheckReport } from '../../coordinator/check-vm.ts'
import type { SnapshotMode } from '../../coordinator/take-snapshot.ts'
import { ERRORS, worstExitStatus } from '../../errors.ts'
import type { Finding } from '../../finding.ts'
import type { App, Session } from '../app.ts'
import { formatMs, line } from '../format.ts'
import { withPolicy } from '../policy-report.ts'
import { type ChosenVms, chooseVms, POLICY_OPTION } from '../policy-vms.ts'
import type { Act, CommandResult } from '../result.ts'
import { eachVm, failedText, type Outcome } from '../vms.ts'

export function checkCommand(program: Command, act: Act): void {
  program
    .command('check')
    .description('test everything that a run needs, change nothing, say how to mend what is missing')
    .argument('[vm...]', 'names under vms:; default: all')
    .option(...POLICY_OPTION)
    .action((vms: string[], { policy }: { policy?: string }) =>
      act('check', (session, app) => check(app, session, vms, policy)),
    )
}

async function check(
  app: App,
  session: Session,
  names: readonly string[],
  policy: string | undefined,
): Promise<CommandResult> {
  const areAll = names.length === 0 && policy === undefined
  const named = areAll ? Object.keys((await session.settings()).vms) : names
  return checkChosen(app, session, await chooseVms(app, session, named, policy))
}

/** Also what `snapshot --dry-run` does. */
export async function checkChosen(
  { signal, procedures }: App,
  session: Session,
  { vms, refused, policy }: ChosenVms,
  modes: ReadonlyMap<string, SnapshotMode> = modesOf(vms),
): Promise<CommandResult> {
  const looks = await eachVm(session, vms, { signal, refused, changesNothing: true }, ({ ports, settings }) =>
    procedures.checkVm(ports, settings, { signal, mode: modes.get(settings.name) ?? 'stop' }),
  )
  const checked = checkDocument(looks)
  if (policy === undefined) return vms.length === 0 ? { ...checked, text: 'no VM is configured\n' } : checked
  const selected = vms.map(([name]) => name).filter((name) => !refused.has(name))
  return withPolicy(checked, { name: policy.name, selected, ...(await policy.unsecured()) })
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

/** A mode that no snapshot can be taken in is checked as the default one: `snapshot` refuses it by name. */
function modesOf(vms: ChosenVms['vms']): ReadonlyMap<string, SnapshotMode> {
  return new Map(vms.map(([name, { mode }]) => [name, mode === 'freeze' ? 'freeze' : 'stop']))
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
