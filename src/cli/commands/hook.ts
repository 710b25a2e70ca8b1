import { type Command, Option } from 'commander'
import { ERRORS, StillshotError } from '../../errors.ts'
import type { App, GlobalOptions, Session } from '../app.ts'
import { line } from '../format.ts'
import { hookHypervisor, vmidsOf } from '../hook/hypervisor-vms.ts'
import { authorizedKeysOptions, type Reach, readSshPlace, vzdumpScript } from '../hook/install-script.ts'
import { backupOrder } from '../hook/order.ts'
import { vzdumpPhase } from '../hook/vzdump.ts'
import { readGate, readHookCall } from '../hook/words.ts'
import type { Act, CommandResult } from '../result.ts'
import { selectVms } from '../vms.ts'

const SCRIPT_PATH = '/usr/local/sbin/stillshot-vzdump'

interface InstallOptions {
  readonly ssh?: string
  readonly key: string
  readonly knownHosts: string
  readonly onFailure: 'fail' | 'continue'
}

export function hookCommand(program: Command, act: Act): void {
  const hook = program.command('hook').description('around the backups that the hypervisor makes by itself')
  hook
    .command('vzdump')
    .description('one phase of a backup of Proxmox VE; called by the script that `hook install` writes')
    .argument('<phase>', 'as vzdump calls its script: backup-start, backup-end, backup-abort; all others do nothing')
    .argument('[mode]', 'snapshot, suspend or stop')
    .argument('[vmid]', 'number of the guest')
    .argument('[run]', 'the run that `backup-start` told of')
    .option('--hypervisor <name>', 'a name under hypervisors:; default: the only one of kind proxmox')
    .action((phase: string, mode?: string, vmid?: string, run?: string, options: { hypervisor?: string } = {}) =>
      act('hook vzdump', async (session, app) => {
        if (program.opts<GlobalOptions>().json) {
          throw new StillshotError('usage', '`hook vzdump` speaks in lines as they come: it knows no --json')
        }
        const words = [phase, mode, vmid, run].filter((word) => word !== undefined)
        return vzdumpPhase(app, session, await hookHypervisor(session, options.hypervisor), readHookCall(words))
      }),
    )
  hook
    .command('gate')
    .description('the forced command of a host’s SSH key: lets `hook vzdump` through, for this hypervisor’s VMs alone')
    .argument('<hypervisor>', 'a name under hypervisors:')
    .action((hypervisor: string) =>
      act('hook gate', async (session, app) => {
        const call = readGate(app.host.environment('SSH_ORIGINAL_COMMAND'))
        return vzdumpPhase(app, session, await hookHypervisor(session, hypervisor), call)
      }),
    )
  hook
    .command('install')
    .description('write the script for the hosts of a Proxmox VE, and say where it goes')
    .argument('<hypervisor>', 'a name under hypervisors:')
    .argument('<file>', 'a new file')
    .option('--ssh <user@host>', 'how the hosts reach this machine; default: stillshot runs on the host itself')
    .option('--key <path>', 'private key on the hosts', '/root/.ssh/stillshot_vzdump')
    .option('--known-hosts <path>', 'file on the hosts with this machine’s host key', '/root/.ssh/known_hosts')
    .addOption(
      new Option('--on-failure <what>', 'what becomes of a backup that cannot be held')
        .choices(['fail', 'continue'])
        .default('fail'),
    )
    .action((hypervisor: string, file: string, options: InstallOptions) =>
      act('hook install', (session, app) => install(app, session, { hypervisor, file, options })),
    )
  hook
    .command('test')
    .description('show the order of events around the newest backup of a VM, and whether it proves the hold')
    .argument('<vm>', 'a name under vms:')
    .action((vm: string) => act('hook test', (session) => test(session, vm)))
}

async function install(
  app: App,
  session: Session,
  { hypervisor, file, options }: { hypervisor: string; file: string; options: InstallOptions },
): Promise<CommandResult> {
  const name = await hookHypervisor(session, hypervisor)
  const settings = await session.settings()
  const own = [...app.program, '--config', settings.file]

  const reach: Reach =
    options.ssh === undefined
      ? { kind: 'here', command: own, hypervisor: name }
      : { kind: 'ssh', to: readSshPlace(options.ssh), key: options.key, knownHosts: options.knownHosts }
  const script = vzdumpScript(await app.vzdumpScript(), {
    reach,
    onFailure: options.onFailure,
    vmids: await vmidsOf(session, name, app.signal),
  })
  await app.writeNewFile(file, script).catch((thrown: unknown) => {
    throw new StillshotError('usage', `${file} cannot be written: ${(thrown as Error).message}`, { cause: thrown })
  })
  const keys = options.ssh === undefined ? undefined : authorizedKeysOptions([...own, 'hook', 'gate', name])
  const steps = [
    `on each host of ${name}, as root: install -m 0755 -o root -g root ${file} ${SCRIPT_PATH}`,
    `in /etc/vzdump.conf there: script: ${SCRIPT_PATH}`,
    ...(keys === undefined ? [] : [`before the hosts’ public key in authorized_keys here: ${keys}`]),
    'then a backup in mode snapshot, and: stillshot hook test VM',
  ]
  return {
    document: { hypervisor: name, file, path: SCRIPT_PATH, authorizedKeysOptions: keys ?? null, steps },
    text: steps.map((step) => line`${step}\n`).join(''),
  }
}

async function test(session: Session, name: string): Promise<CommandResult> {
  await selectVms(session, [name])
  const points = await (await session.catalog()).points({ vm: name })
  // An older one that was held says nothing of how the hook works now.
  const newest = points.find(({ kind }) => kind === 'backup')
  const order = newest === undefined ? undefined : backupOrder(newest)
  if (order === undefined) {
    const which = newest === undefined ? 'no backup' : `as newest backup ${newest.id}, which is none`
    throw new StillshotError('point-not-found', `${name} has ${which} that was held and has ended`, {
      hint: 'make one in mode snapshot, with the script that `stillshot hook install` writes',
    })
  }
  const events = order.events.map(({ at, what }) => line`  ${at ?? '(not told)         '}  ${what}\n`)
  const proofs = order.proofs.map(({ verdict, message, code }) => line`  ${verdict}: ${message} (${code})\n`)
  const verdict = order.proven
    ? 'the point in time lies inside the hold'
    : 'the point in time is not proven to lie inside the hold'
  return {
    document: { vm: name, ...order },
    text: [line`${name}: ${order.archive}\n`, ...events, ...proofs, `${verdict}\n`].join(''),
    exitStatus: order.proven ? 0 : ERRORS['grade-below-mode'].exit,
  }
}
