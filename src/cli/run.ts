import { CommanderError } from 'commander'
import { nearest } from '../config/nearest.ts'
import { StillshotError, toStillshotError } from '../errors.ts'
import type { App, GlobalOptions } from './app.ts'
import { continued, line, printable, printableJson } from './format.ts'
import { buildProgram } from './program.ts'
import { proofLines } from './proofs.ts'
import type { Act, CommandResult } from './result.ts'

/** Commands that are promised and not there yet. */
const LATER = ['serve']

/**
 * Runs one command line (without node and script) and prints its result. With `--json`, standard output is exactly one
 * document whatever happens. Resolves with the exit status; never rejects.
 */
export async function runCommandLine(argv: readonly string[], app: App): Promise<number> {
  let command = ''
  let result: CommandResult | undefined
  let help = ''
  const act: Act = async (name, work) => {
    command = name
    const globals = program.opts<GlobalOptions>()
    if (globals.quiet && globals.verbose) throw new StillshotError('usage', '--quiet and --verbose exclude each other')
    const session = app.openSession(globals)
    try {
      result = await work(session, app)
    } finally {
      await session.close()
    }
  }
  const program = buildProgram(app.version, act, (text) => {
    help += text
  })
  try {
    await program.parseAsync([...argv], { from: 'user' })
    if (result !== undefined) printResult(app, { command, json: program.opts<GlobalOptions>().json ?? false }, result)
    return result?.exitStatus ?? 0
  } catch (thrown) {
    const { json, verbose } = outputOptions(argv, program.opts<GlobalOptions>())
    if (thrown instanceof CommanderError && thrown.exitCode === 0) {
      printResult(app, { command: 'help', json }, { document: { text: help }, text: help })
      return 0
    }
    const error =
      thrown instanceof CommanderError ? usageError(thrown, program.args, program.commands) : toStillshotError(thrown)
    printError(app, { command: command || knownCommand(program), json, verbose }, error)
    return error.exitStatus
  }
}

/** commander may have given up before it came to these options: then the words before `--` tell. */
function outputOptions(argv: readonly string[], parsed: GlobalOptions): { json: boolean; verbose: boolean } {
  const end = argv.indexOf('--')
  const words = end < 0 ? argv : argv.slice(0, end)
  const given = (long: string, short?: string) => words.some((word) => word === long || word === short)
  return { json: parsed.json ?? given('--json'), verbose: parsed.verbose ?? given('--verbose', '-v') }
}

function knownCommand(program: { args: readonly string[]; commands: readonly { name(): string }[] }): string {
  const word = program.args[0] ?? ''
  return program.commands.some((each) => each.name() === word) ? word : ''
}

/** commander's own message, as one of ours. */
function usageError(
  error: CommanderError,
  args: readonly string[],
  commands: readonly { name(): string }[],
): StillshotError {
  const word = args.find((arg) => !arg.startsWith('-')) ?? ''
  if (error.code === 'commander.unknownCommand') {
    if (LATER.includes(word)) {
      return new StillshotError('not-supported', `\`stillshot ${word}\` is not there yet in this version`)
    }
    const meant = nearest(
      word,
      commands.map((each) => each.name()),
    )
    return new StillshotError(
      'usage',
      `unknown command ${word}${meant === undefined ? '' : `; did you mean ${meant}?`}`,
    )
  }
  if (error.code === 'commander.help') return new StillshotError('usage', 'no command given')
  const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ')
  return new StillshotError('usage', message)
}

function printResult(app: App, how: { command: string; json: boolean }, result: CommandResult): void {
  if (how.json) {
    printDocument(app, { version: 1, command: how.command, ...result.document })
    return
  }
  if (result.text !== '') app.terminal.out(printable(app.redaction.text(result.text)))
  if (result.errorText) app.terminal.err(printable(app.redaction.text(result.errorText)))
}

function printError(app: App, how: { command: string; json: boolean; verbose: boolean }, error: StillshotError): void {
  const { code, message, hint, details } = error
  if (how.json) printDocument(app, { version: 1, command: how.command, error: { code, message, hint, details } })
  const lines = [`stillshot: ${continued(message)} (${code})`, line`  ${hint}`]
  lines.push(...proofLines(details.report).map((proof) => `  ${proof}`))
  if (typeof details.run === 'string') lines.push(line`  run ${details.run}`)
  if (how.verbose || code === 'defect') lines.push(continued(`${error.stack ?? ''}${causeText(error)}`))
  app.terminal.err(printable(app.redaction.text(`${lines.join('\n')}\n`)))
}

function causeText(error: StillshotError): string {
  return error.cause instanceof Error ? `\ncaused by ${error.cause.stack ?? error.cause.message}` : ''
}

function printDocument(app: App, document: Readonly<Record<string, unknown>>): void {
  app.terminal.out(`${printableJson(app.redaction.document(document))}\n`)
}
