import type { Command } from 'commander'
import { configSchema } from '../../config/schema.ts'
import type { Settings } from '../../config/settings.ts'
import { line } from '../format.ts'
import type { Act, CommandResult } from '../result.ts'

export function configCommand(program: Command, act: Act): void {
  const config = program.command('config').description('the configuration')
  config
    .command('validate')
    .description('read it and say everything that is wrong with it')
    .action(() => act('config validate', async (session) => validated(await session.settings())))
  config
    .command('schema')
    .description('what is allowed, as JSON Schema')
    .action(() => act('config schema', async () => schema()))
  config
    .command('show')
    .description('what is in force: defaults filled in, paths absolute, secrets by reference')
    .action(() => act('config show', async (session) => shown(await session.settings())))
}

function validated({ file, vms, hypervisors }: Settings): CommandResult {
  const counts = { hypervisors: Object.keys(hypervisors).length, vms: Object.keys(vms).length }
  return {
    document: { file, valid: true, ...counts },
    text: line`${file} is valid: ${counts.hypervisors} hypervisors, ${counts.vms} VMs\n`,
  }
}

function schema(): CommandResult {
  return { document: { schema: configSchema }, text: `${JSON.stringify(configSchema, null, 2)}\n` }
}

/** The configuration holds references only, so all of it may be shown. */
function shown(settings: Settings): CommandResult {
  const { version: _, ...rest } = settings
  return { document: { settings: rest }, text: `${JSON.stringify(rest, null, 2)}\n` }
}
