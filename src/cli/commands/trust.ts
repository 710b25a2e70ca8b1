import type { Command } from 'commander'
import { StillshotError } from '../../errors.ts'
import type { HostKey } from '../../guest/known-hosts.ts'
import type { App, Session } from '../app.ts'
import { line } from '../format.ts'
import type { Act, CommandResult } from '../result.ts'
import { selectVms } from '../vms.ts'

interface TrustOptions {
  readonly fingerprint?: string
  readonly yes?: boolean
  readonly replace?: boolean
}

export function trustCommand(program: Command, act: Act): void {
  program
    .command('trust')
    .description('record the guest’s SSH host key after showing it')
    .argument('<vm>', 'a name under vms:')
    .option('--fingerprint <fingerprint>', 'record it only if it is this one (SHA256:…)')
    .option('--yes', 'record whatever is offered, without comparing')
    .option('--replace', 'take the place of another key of this host')
    .action((vm: string, options: TrustOptions) => act('trust', (session, app) => trust(app, session, vm, options)))
}

async function trust(app: App, session: Session, name: string, options: TrustOptions): Promise<CommandResult> {
  const [selected] = await selectVms(session, [name])
  if (selected === undefined) throw new StillshotError('vm-not-configured', `VM ${name} is not configured`)
  const { host, port } = selected[1].ssh
  const { file, ssh } = await session.settings()
  const knownHosts = await session.knownHosts()
  const key = await knownHosts.scan({ host, port }, { signal: app.signal, timeoutMs: ssh.connectTimeoutMs })
  const trusted = await knownHosts.trusted({ host, port })
  const document = { vm: name, host, port, type: key.type, fingerprint: key.fingerprint, knownHosts: ssh.knownHosts }
  const where = `${name} (${host}:${port})`
  if (options.fingerprint !== undefined && options.fingerprint !== key.fingerprint) {
    throw new StillshotError('host-key-changed', `${where} offers ${key.fingerprint}, not ${options.fingerprint}`)
  }
  const known = trusted.some(({ base64 }) => base64 === key.base64)
  if (known)
    return { document: { ...document, recorded: false }, text: line`${where}: ${key.fingerprint} is trusted already\n` }
  if (trusted.length > 0 && !options.replace) {
    const others = trusted.map(({ fingerprint }) => fingerprint).join(', ')
    throw new StillshotError('host-key-changed', `${where} offers ${key.fingerprint}; trusted is ${others}`)
  }
  if (options.fingerprint === undefined && !options.yes) await ask(app, where, key, file)
  await knownHosts.trust({ host, port }, key, { replace: options.replace ?? false })
  return {
    document: { ...document, recorded: true },
    text: line`${where}: ${key.type} ${key.fingerprint} recorded in ${ssh.knownHosts}\n`,
  }
}

async function ask({ terminal, prompts }: App, where: string, key: HostKey, file: string): Promise<void> {
  if (!terminal.interactive) {
    throw new StillshotError('usage', `${where} offers ${key.type} ${key.fingerprint}: nobody can be asked`, {
      hint: `compare it on the guest’s console, then --fingerprint ${key.fingerprint}`,
    })
  }
  terminal.err(line`${where} (${file}) offers\n  ${key.type} ${key.fingerprint}\n`)
  terminal.err('compare it on the guest’s own console: for f in /etc/ssh/ssh_host_*.pub; do ssh-keygen -lf $f; done\n')
  if (await prompts.confirm('Is it the same?')) return
  throw new StillshotError('cancelled', `the key of ${where} was not confirmed`, { hint: 'nothing was recorded' })
}
