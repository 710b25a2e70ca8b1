import type { Command } from 'commander'
import { StillshotError } from '../../errors.ts'
import { isSameServer, type ServerIdentity, serverWords } from '../../hypervisor/known-server.ts'
import type { App, Session } from '../app.ts'
import { line } from '../format.ts'
import type { Act, CommandResult } from '../result.ts'

interface TrustServerOptions {
  readonly id?: string
  readonly yes?: boolean
  readonly replace?: boolean
}

const LIMIT_MS = 30_000

export function trustServerCommand(program: Command, act: Act): void {
  program
    .command('trust-server')
    .description('record which server answers for a hypervisor, after showing it; no secret is sent')
    .argument('<hypervisor>', 'a name under hypervisors:')
    .option('--id <id>', 'record it only if it has this id')
    .option('--yes', 'record whichever answers, without comparing')
    .option('--replace', 'take the place of another server that was met before')
    .action((name: string, options: TrustServerOptions) =>
      act('trust-server', (session, app) => trustServer(app, session, name, options)),
    )
}

async function trustServer(
  app: App,
  session: Session,
  name: string,
  options: TrustServerOptions,
): Promise<CommandResult> {
  const { server, kind } = await session.openHypervisor(name)
  if (server === undefined)
    throw new StillshotError('not-supported', `${name}: a server of ${kind} does not tell who it is`)
  const seen = await server.answering({ signal: app.signal, timeoutMs: LIMIT_MS })
  // What was kept and cannot be read is replaced like another server.
  const known = await server.known().catch((error: unknown) => {
    if (options.replace) return undefined
    throw error
  })
  const document = { hypervisor: name, product: seen.product, id: seen.id ?? null }
  if (options.id !== undefined && options.id.toLowerCase() !== seen.id) {
    throw new StillshotError('server-changed', `${name} is answered by ${serverWords(seen)}, not by ${options.id}`, {
      hint: 'nothing was recorded',
    })
  }
  if (known !== undefined && isSameServer(known, seen) && !(options.replace && seen.id === undefined)) {
    return {
      document: { ...document, recorded: false },
      text: line`${name}: ${serverWords(known)} is trusted already\n`,
    }
  }
  if (known !== undefined && !options.replace) {
    throw new StillshotError(
      'server-changed',
      `${name} is answered by ${serverWords(seen)}, and was ${serverWords(known)}`,
      {
        hint: 'if this one is meant, say so with --replace',
      },
    )
  }
  if (options.id === undefined && !options.yes) await ask(app, name, seen, known)
  await server.accept(seen)
  return { document: { ...document, recorded: true }, text: line`${name}: ${serverWords(seen)} recorded\n` }
}

async function ask(
  { terminal, prompts }: App,
  name: string,
  seen: ServerIdentity,
  known: ServerIdentity | undefined,
): Promise<void> {
  const words = serverWords(seen)
  if (!terminal.interactive) {
    const compare = seen.id === undefined ? '--yes' : `--id ${seen.id}`
    throw new StillshotError('usage', `${name} is answered by ${words}: nobody can be asked`, {
      hint: `compare it with what the server’s own console says, then ${compare}`,
    })
  }
  terminal.err(line`${name} is answered by ${words}\n`)
  if (known !== undefined) terminal.err(line`before, it was ${serverWords(known)}\n`)
  if (await prompts.confirm('Is this the one that is meant?')) return
  throw new StillshotError('cancelled', `the server of ${name} was not confirmed`, { hint: 'nothing was recorded' })
}
