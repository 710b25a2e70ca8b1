import type { Command } from 'commander'
import type { App, OpenVm } from '../app.ts'
import { line } from '../format.ts'
import type { Act, CommandResult } from '../result.ts'
import { openVm } from '../vms.ts'

interface InstallOptions {
  readonly user?: string
  readonly forcedCommand?: boolean
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
    .action((vm: string, { user, forcedCommand }: InstallOptions) =>
      run('install', vm, ({ procedures, signal }, { ports, settings }) =>
        procedures.installHelper(ports, settings, {
          signal,
          forcedCommand: forcedCommand ?? false,
          ...(user === undefined ? {} : { installUser: user }),
        }),
      ),
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

function toResult(report: object): CommandResult {
  const lines = Object.entries(report)
    .filter(([key]) => key !== 'version')
    .map(([key, value]) => line`${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}\n`)
  return { document: { ...report }, text: lines.join('') }
}
