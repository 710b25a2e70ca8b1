import { type Command, InvalidArgumentError } from 'commander'
import { toStillshotError } from '../../errors.ts'
import { completionScript, SHELLS, type Shell } from '../completion-script.ts'
import type { Act } from '../result.ts'

export function completionCommand(program: Command, act: Act): void {
  program
    .command('completion')
    .description('print a script that completes commands, options and VM names')
    .argument('<shell>', `${SHELLS.join(' or ')}; e.g. \`source <(stillshot completion bash)\``, toShell)
    .action((shell: Shell) =>
      act('completion', async () => {
        const script = completionScript(program, shell)
        return { document: { shell, script }, text: script }
      }),
    )
  // What the script asks for when a VM's name is wanted: one a line, nothing when there is no good configuration.
  program.command('complete-vms', { hidden: true }).action(() =>
    act('complete-vms', async (session) => {
      const vms = await session.settings().then(
        (settings) => Object.keys(settings.vms),
        (thrown: unknown) => void toStillshotError(thrown),
      )
      return { document: { vms: vms ?? [] }, text: (vms ?? []).map((vm) => `${vm}\n`).join('') }
    }),
  )
}

function toShell(text: string): Shell {
  const shell = SHELLS.find((each) => each === text)
  if (shell === undefined) throw new InvalidArgumentError(`known are ${SHELLS.join(' and ')}.`)
  return shell
}
