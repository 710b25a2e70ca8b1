import type { Command } from 'commander'
import type { App, Session } from '../app.ts'
import type { Act, CommandResult } from '../result.ts'
import { runbookText } from '../runbook-text.ts'
import { openVm } from '../vms.ts'

export function runbookCommand(program: Command, act: Act): void {
  program
    .command('runbook')
    .description('what to do without stillshot to put a VM back: commands of its hypervisor, and what to look at')
    .argument('<vm>', 'a name under vms:')
    .action((vm: string) => act('runbook', (session, app) => runbook(app, session, vm)))
}

async function runbook({ procedures, signal }: App, session: Session, name: string): Promise<CommandResult> {
  const { ports, settings } = await openVm(session, name, { changesNothing: true })
  const book = await procedures.makeRunbook(ports, settings, { signal })
  return { document: { runbook: book }, text: runbookText(book) }
}
