import type { Command } from 'commander'
import type { RestorePoint } from '../../catalog/catalog.ts'
import type { SnapshotMode } from '../../coordinator/take-snapshot.ts'
import { StillshotError, worstExitStatus } from '../../errors.ts'
import type { App, Session } from '../app.ts'
import { indent, line } from '../format.ts'
import { gradeStatus } from '../grade-status.ts'
import { gradeText, outageText, pointDocument } from '../point-text.ts'
import { chooseVms, POLICY_OPTION } from '../policy-vms.ts'
import type { Act, CommandResult } from '../result.ts'
import { eachVm, failedText } from '../vms.ts'
import { checkChosen } from './check.ts'

interface SnapshotOptions {
  readonly mode?: string
  readonly together?: boolean
  readonly note?: string
  readonly dryRun?: boolean
  readonly policy?: string
}

export function snapshotCommand(program: Command, act: Act): void {
  program
    .command('snapshot')
    .description('take a snapshot while the database stands still, and prove that it did')
    .argument('[vm...]', 'names under vms:')
    .option(...POLICY_OPTION)
    .option('--mode <mode>', 'stop, lock or freeze; default: the VM’s own, else stop')
    .option('--together', 'all VMs at one point in time')
    .option('--note <text>', 'kept with the restore point')
    .option('--dry-run', 'check only, change nothing')
    .action((vms: string[], options: SnapshotOptions) =>
      act('snapshot', (session, app) => snapshot(app, session, vms, options)),
    )
}

async function snapshot(
  app: App,
  session: Session,
  names: readonly string[],
  options: SnapshotOptions,
): Promise<CommandResult> {
  if (options.together) throw new StillshotError('not-supported', '--together is not there yet in this version')
  const chosen = await chooseVms(app, session, names, options.policy)
  const { vms, refused } = chosen
  const modes = new Map(vms.map(([name, { mode }]) => [name, readMode(name, options.mode ?? mode)]))
  if (vms.length === 0) throw nothingChosen(options)
  if (options.dryRun) return checkChosen(app, session, chosen, modes)
  const { signal, procedures } = app
  const running = { signal, refused }
  const { results, failed, kept, statuses } = await eachVm(session, vms, running, async ({ ports, settings }) => {
    const mode = modes.get(settings.name) ?? 'stop'
    const note = options.note === undefined ? {} : { note: options.note }
    const point = await procedures.takeSnapshot(ports, settings, { mode, signal, ...note })
    await procedures.collectFreezes(ports, settings, { signal }).catch((thrown) => {
      ports.log.warn('what freezes left in the guest could not be collected', { vm: point.vm, message: String(thrown) })
    })
    return point
  })
  const points = [...results, ...kept]
  return {
    document: { points: points.map(pointDocument), failed },
    text: points.map(snapshotText).join(''),
    errorText: failedText(failed),
    exitStatus: worstExitStatus([...statuses, gradeStatus(points)]),
  }
}

function nothingChosen({ policy }: SnapshotOptions): StillshotError {
  if (policy === undefined) return new StillshotError('usage', "missing required argument 'vm', or --policy")
  return new StillshotError('vm-not-configured', `policy ${policy} selects no VM under vms:`, {
    hint: `\`stillshot check --policy ${policy}\` shows what it would select`,
  })
}

/** Throws `not-supported` for a mode that this version does not know, `usage` for one that none knows. */
function readMode(vm: string, mode: string): SnapshotMode {
  if (mode === 'stop' || mode === 'freeze') return mode
  if (mode !== 'lock') throw new StillshotError('usage', `mode ${mode} is not known: stop, lock or freeze`)
  const message = `mode lock of VM ${vm} is not there yet: this version knows the modes stop and freeze`
  throw new StillshotError('not-supported', message)
}

function snapshotText(point: RestorePoint): string {
  const lines = [
    line`${point.vm}: restore point ${point.id}`,
    indent(gradeText(point)),
    ...(point.outage === undefined ? [] : [`  outage ${outageText(point.outage)}`]),
    line`  snapshot ${point.snapshot} on ${point.hypervisor}; roll back with: stillshot restore ${point.vm} --point ${point.id}`,
  ]
  return `${lines.join('\n')}\n`
}
