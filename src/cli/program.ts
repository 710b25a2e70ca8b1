import { Command } from 'commander'
import { backupCommand } from './commands/backup.ts'
import { catalogCommand } from './commands/catalog.ts'
import { checkCommand } from './commands/check.ts'
import { completionCommand } from './commands/completion.ts'
import { configCommand } from './commands/config.ts'
import { drillCommand } from './commands/drill.ts'
import { guestCommand } from './commands/guest.ts'
import { holdCommand } from './commands/hold.ts'
import { hookCommand } from './commands/hook.ts'
import { initCommand } from './commands/init.ts'
import { listCommand } from './commands/list.ts'
import { pruneCommand } from './commands/prune.ts'
import { recoverCommand } from './commands/recover.ts'
import { releaseCommand } from './commands/release.ts'
import { restoreCommand } from './commands/restore.ts'
import { runbookCommand } from './commands/runbook.ts'
import { showCommand } from './commands/show.ts'
import { snapshotCommand } from './commands/snapshot.ts'
import { trustCommand } from './commands/trust.ts'
import { trustServerCommand } from './commands/trust-server.ts'
import { verifyCommand } from './commands/verify.ts'
import type { Act } from './result.ts'

/** The tree of commands; completions and docs/reference/command-line.md are made from it. Errors are thrown, not printed. */
export function buildProgram(version: string, act: Act, print: (text: string) => void): Command {
  const program = new Command('stillshot')
    .description('snapshots of virtual machines whose MySQL or MariaDB provably stands still')
    .version(version, '-V, --version', 'print the version')
    .option('-c, --config <file>', 'configuration; default ./stillshot.yaml, then /etc/stillshot/stillshot.yaml')
    .option('--json', 'exactly one JSON document on standard output')
    .option('-q, --quiet', 'no progress, only errors')
    .option('-v, --verbose', 'more log lines on standard error')
    .helpCommand('help [command]', 'explain a command')
    .helpOption('-h, --help', 'explain the command')
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: () => {} })
  for (const define of COMMANDS) define(program, act)
  for (const each of descendants(program)) each.copyInheritedSettings(program)
  return program
}

/** The tree alone, for what only reads it. */
export function commandTree(version: string): Command {
  return buildProgram(
    version,
    async () => {},
    () => {},
  )
}

/** Defines one command below `program`; `act` runs its work. */
type DefineCommand = (program: Command, act: Act) => void

const COMMANDS: readonly DefineCommand[] = [
  initCommand,
  checkCommand,
  snapshotCommand,
  backupCommand,
  listCommand,
  showCommand,
  restoreCommand,
  runbookCommand,
  drillCommand,
  verifyCommand,
  holdCommand,
  releaseCommand,
  pruneCommand,
  catalogCommand,
  hookCommand,
  recoverCommand,
  guestCommand,
  trustCommand,
  trustServerCommand,
  configCommand,
  completionCommand,
]

/** Every command below, depth first. */
function descendants(command: Command): Command[] {
  return command.commands.flatMap((each) => [each, ...descendants(each)])
}
