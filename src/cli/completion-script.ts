import type { Command } from 'commander'

export const SHELLS = ['bash', 'zsh'] as const
export type Shell = (typeof SHELLS)[number]

/** A completion script made from the tree of commands; VM names are asked from the configuration each time. */
export function completionScript(program: Command, shell: Shell): string {
  return shell === 'bash' ? bashScript(program) : zshScript(program)
}

interface Place {
  /** Words typed so far: `guest install`. */
  readonly words: string
  readonly choices: readonly string[]
  readonly takesVm: boolean
}

/** Every place in the tree where something can be completed. */
function places(command: Command, words: readonly string[], shared: readonly string[]): Place[] {
  const visible = command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== 'help' || words.length === 0)
  const options = command
    .createHelp()
    .visibleOptions(command)
    .flatMap((option) => option.long ?? [])
  const here: Place = {
    words: words.join(' '),
    choices: [...visible.map((each) => each.name()), ...argumentWords(command), ...new Set([...options, ...shared])],
    takesVm: command.registeredArguments.some((argument) => argument.name() === 'vm'),
  }
  const below = command.commands.filter((each) => visible.includes(each))
  return [here, ...below.flatMap((each) => places(each, [...words, each.name()], shared))]
}

function argumentWords(command: Command): readonly string[] {
  return command.registeredArguments.some((argument) => argument.name() === 'shell') ? SHELLS : []
}

function sharedOptions(program: Command): string[] {
  return program.options.flatMap((option) => option.long ?? []).filter((long) => long !== '--version')
}

function cases(program: Command): string {
  return places(program, [], sharedOptions(program))
    .map(
      ({ words, choices, takesVm }) => `    '${words}') choices='${choices.join(' ')}'; vms=${takesVm ? 'yes' : ''} ;;`,
    )
    .join('\n')
}

/** Longest chain of subcommand words before the cursor, options and their values left out. */
const COLLECT = `  for word in "\${typed[@]}"; do
    case $word in
      -*) continue ;;
    esac
    case " $known " in
      *" \${place:+$place-}$word "*) place="\${place:+$place-}$word" ;;
    esac
  done`

function known(program: Command): string {
  const all = places(program, [], []).map(({ words }) => words.replaceAll(' ', '-'))
  return all.filter((words) => words !== '').join(' ')
}

function bashScript(program: Command): string {
  return `# completion of stillshot for bash: source <(stillshot completion bash)
_stillshot() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local typed=("\${COMP_WORDS[@]:1:COMP_CWORD-1}") place='' choices='' vms='' word known='${known(program)}'
  case $previous in
    --config | -c) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
${COLLECT}
  case \${place//-/ } in
${cases(program)}
  esac
  if [ -n "$vms" ]; then choices="$choices $(stillshot complete-vms 2>/dev/null)"; fi
  COMPREPLY=($(compgen -W "$choices" -- "$current"))
}
complete -F _stillshot stillshot
`
}

function zshScript(program: Command): string {
  return `#compdef stillshot
# completion of stillshot for zsh: source <(stillshot completion zsh)
_stillshot() {
  local place='' choices='' vms='' word known='${known(program)}'
  local -a typed
  typed=("\${(@)words[2,CURRENT-1]}")
  case $words[CURRENT-1] in
    --config | -c) _files; return ;;
  esac
${COLLECT}
  case \${place//-/ } in
${cases(program)}
  esac
  if [ -n "$vms" ]; then choices="$choices $(stillshot complete-vms 2>/dev/null)"; fi
  compadd -- \${=choices}
}
compdef _stillshot stillshot
`
}
