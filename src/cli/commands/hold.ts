import type { Command } from 'commander'
import { formatInstant, parseInstant } from '../../system/instant.ts'
import type { App, Session } from '../app.ts'
import { formatMs, line } from '../format.ts'
import type { Act, CommandResult } from '../result.ts'
import { openVm } from '../vms.ts'

export function holdCommand(program: Command, act: Act): void {
  program
    .command('hold')
    .description('stop the profile for somebody else’s snapshot; print the id that `release` takes')
    .argument('<vm>', 'a name under vms:')
    .action((vm: string) => act('hold', (session, app) => hold(app, session, vm)))
}

async function hold({ procedures, signal }: App, session: Session, name: string): Promise<CommandResult> {
  const { ports, settings } = await openVm(session, name)
  const record = await procedures.holdVm(ports, settings, { signal })
  const { id, run, vm, profile, heldAt, ttlMs, state } = record
  const until = formatInstant(parseInstant(heldAt) + ttlMs)
  return {
    document: { hold: { id, run, vm, profile, heldAt, ttlMs, until, state } },
    text: line`${id}\n${vm}: ${profile} stands still, for ${formatMs(ttlMs)} at most; end it with: stillshot release ${id}\n`,
  }
}
