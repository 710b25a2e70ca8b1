import type { Command } from 'commander'
import type { CollectReport } from '../../coordinator/collect-freezes.ts'
import type { App, OpenVm } from '../app.ts'
import { indent, line } from '../format.ts'
import { gradeText } from '../point-text.ts'
import type { Act, CommandResult } from '../result.ts'
import { openVm } from '../vms.ts'

interface InstallOptions {
  readonly user?: string
  readonly forcedCommand?: boolean
  readonly freezeHook?: boolean
  readonly allowSelinux?: boolean
}

export function guestCommand(program: Command, act: Act): void {
  const guest = program.command('guest').description('the helper inside the guest')
  const run = (verb: string, vm: string, work: (app: App, open: OpenVm) => Promise<object>) =>
    act(`guest ${verb}`, async (session, app) => toResult(await work(app, await openVm(session, vm))))
  guest
    .command('install')
    .description('install or update the helper, its line of sudoers and the VM’s profile')
    .argument('<vm>', 'a name under vms:')
    .option('--user <user>', 'log in as this user, who may use sudo for anything (or is root)')
    .option('--forced-command', 'also bind the key to the helper in authorized_keys')
    .option('--freeze-hook', 'also hold the profile around snapshots and backups that freeze the guest by its agent')
    .option('--allow-selinux', 'let SELinux run the agent’s hooks unconfined; with --freeze-hook')
    .action((vm: string, options: InstallOptions) => run('install', vm, (app, open) => install(app, open, options)))
  guest
    .command('collect')
    .description('take over what freezes from inside left in the guest: other people’s snapshots become restore points')
    .argument('<vm>', 'a name under vms:')
    .action((vm: string) =>
      act('guest collect', async (session, { procedures, signal }) => {
        const { ports, settings } = await openVm(session, vm)
        return collected(await procedures.collectFreezes(ports, settings, { signal, wait: true }))
      }),
    )
  guest
    .command('status')
    .description('version and hash of the helper, and its open holds')
    .argument('<vm>', 'a name under vms:')
    .action((vm: string) =>
      run('status', vm, ({ procedures, signal }, { ports, settings }) =>
        procedures.helperStatus(ports, settings, { signal }),
      ),
    )
  guest
    .command('remove')
    .description('take the helper, its line of sudoers and its profiles out of the guest')
    .argument('<vm>', 'a name under vms:')
    .option('--user <user>', 'log in as this user, who may use sudo for anything (or is root)')
    .action((vm: string, { user }: InstallOptions) =>
      run('remove', vm, ({ procedures, signal }, { ports, settings }) =>
        procedures.removeHelper(ports, settings, {
          signal,
          forcedCommand: false,
          ...(user === undefined ? {} : { installUser: user }),
        }),
      ),
    )
}

async function install(app: App, { ports, settings }: OpenVm, options: InstallOptions): Promise<object> {
  const { procedures, signal } = app
  const { user, forcedCommand = false, freezeHook = false } = options
  const login = { signal, ...(user === undefined ? {} : { installUser: user }) }
  const report = await procedures.installHelper(ports, settings, { ...login, forcedCommand })
  if (!freezeHook) return report
  const hook = (allowSelinux: boolean) => procedures.installFreezeHook(ports, settings, { ...login, allowSelinux })
  const first = await hook(options.allowSelinux ?? false)
  const asks = first.selinux === 'asks' && app.terminal.interactive
  return { ...report, freezeHook: asks && (await app.prompts.confirm(SELINUX_QUESTION)) ? await hook(true) : first }
}

const SELINUX_QUESTION =
  'SELinux keeps qemu-guest-agent’s hooks from stopping services. Set virt_qemu_ga_run_unconfined, for good?'

function toResult(report: object): CommandResult {
  const lines = Object.entries(report)
    .filter(([key]) => key !== 'version')
    .map(([key, value]) => line`${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}\n`)
  return { document: { ...report }, text: lines.join('') }
}

function collected(report: CollectReport): CommandResult {
  const lines = report.freezes.map(({ id, outcome, message, grade, reasons = [] }) => {
    const grading = grade === undefined ? '' : `${indent(gradeText({ grade, reasons }))}\n`
    return line`${id}: ${outcome}: ${message}\n` + grading
  })
  return { document: { ...report }, text: lines.join('') || line`${report.vm}: no freeze waits to be collected\n` }
}
