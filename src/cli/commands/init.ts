import { resolve } from 'node:path'
import type { Command } from 'commander'
import { annotate } from '../../config/annotate.ts'
import { libvirtDefaults } from '../../config/schema/hypervisors.ts'
import { ssh } from '../../config/schema/ssh.ts'
import { NAME_PATTERN } from '../../config/schema/values.ts'
import { configSchema } from '../../config/schema.ts'
import { StillshotError } from '../../errors.ts'
import type { App, GlobalOptions } from '../app.ts'
import { line } from '../format.ts'
import type { Act, CommandResult } from '../result.ts'

interface InitOptions {
  readonly uri?: string
  readonly vm?: string
  readonly id?: string
  readonly host?: string
  readonly user?: string
  readonly key?: string
  readonly yes?: boolean
}

export function initCommand(program: Command, act: Act): void {
  program
    .command('init')
    .description('write an annotated configuration; asks as little as it can and never overwrites')
    .option('--uri <uri>', `connection URI of libvirt; default ${libvirtDefaults.uri}`)
    .option('--vm <name>', 'name of the first VM, in the configuration')
    .option('--id <id>', 'its domain name or UUID; default: the name')
    .option('--host <host>', 'address of its sshd')
    .option('--user <user>', `user to log in as; default ${ssh.properties.user.default}`)
    .option('--key <file>', 'private key; default ./id_ed25519')
    .option('--yes', 'take the defaults, do not ask')
    .action((options: InitOptions) => act('init', (_, app) => init(app, program.opts<GlobalOptions>(), options)))
}

async function init(app: App, globals: GlobalOptions, options: InitOptions): Promise<CommandResult> {
  const path = resolve(app.host.workingDirectory, globals.config ?? 'stillshot.yaml')
  const answers = await answersOf(app, options)
  const content = configText(answers)
  try {
    await app.writeNewFile(path, content)
  } catch (cause) {
    const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    const message = exists ? `${path} exists and is not overwritten` : `${path} cannot be written: ${String(cause)}`
    throw new StillshotError('config-invalid', message, { cause, hint: '--config FILE names another place' })
  }
  const next = [
    `stillshot trust ${answers.vm}`,
    `stillshot guest install ${answers.vm} --user root`,
    `stillshot check ${answers.vm}`,
  ]
  return {
    document: { file: path, vm: answers.vm, next },
    text: [line`${path} is written. Next:\n`, ...next.map((command) => line`  ${command}\n`)].join(''),
  }
}

interface Answers {
  readonly uri: string
  readonly vm: string
  readonly id: string
  readonly host: string
  readonly user: string
  readonly key: string
}

async function answersOf(app: App, options: InitOptions): Promise<Answers> {
  const ask = async (flag: string, given: string | undefined, question: string, initial?: string) => {
    const taken = given ?? (options.yes ? initial : undefined)
    if (taken !== undefined) return taken
    if (options.yes || !app.terminal.interactive) {
      if (initial !== undefined) return initial
      throw new StillshotError('usage', `init needs ${flag} where nobody can be asked`)
    }
    const validate = (text: string) => (text === '' ? 'an answer is needed' : undefined)
    return app.prompts.text(question, { validate, ...(initial === undefined ? {} : { initial }) })
  }
  const uri = await ask('--uri', options.uri, 'Connection URI of libvirt?', libvirtDefaults.uri)
  const vm = await ask('--vm', options.vm, 'Name of the VM (domain of libvirt)?')
  if (!new RegExp(NAME_PATTERN).test(vm))
    throw new StillshotError('usage', `${vm} is not a name that can be used for a VM`)
  const host = await ask('--host', options.host, 'Address of its sshd?')
  const user = await ask('--user', options.user, 'User to log in as?', ssh.properties.user.default)
  return { uri, vm, id: options.id ?? vm, host, user, key: options.key ?? 'id_ed25519' }
}

/** The annotated configuration of one VM under libvirt. */
export function configText({ uri, vm, id, host, user, key }: Answers): string {
  const value = {
    hypervisors: { kvm: { kind: 'libvirt', uri } },
    ssh: { user, key, knownHosts: ssh.properties.knownHosts.default },
    vms: { [vm]: { hypervisor: 'kvm', id, ssh: { host } } },
  }
  return `# ${configSchema.description}\n\n${annotate(configSchema, value)}`
}
