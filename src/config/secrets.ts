import { resolve } from 'node:path'
import { StillshotError } from '../errors.ts'
import type { Host } from '../system/host.ts'
import { shellWord } from '../system/shell-word.ts'
import { formatMode, isTrustedOwner } from './permissions.ts'

/** Longest run of an `exec:` command. */
const EXEC_LIMIT_MS = 10_000

export interface SecretOptions {
  readonly host: Host
  /** What relative paths are relative to: the folder of the configuration. */
  readonly folder: string
  /** Told of every secret that is fetched, so that it can be taken out of what is printed. */
  readonly onFetched: (secret: string) => void
}

/**
 * A function that fetches the secret each time it is called; nothing is kept. `where`: the path in the configuration,
 * for messages. The function rejects with `secret-unreadable`; its messages never hold the secret.
 */
export function secretReader(options: SecretOptions, reference: string, where: string): () => Promise<string> {
  return async () => {
    const secret = withoutLastNewline(await fetchSecret(options, reference, where))
    if (secret === '') throw unreadable(where, 'is empty')
    options.onFetched(secret)
    return secret
  }
}

function fetchSecret(options: SecretOptions, reference: string, where: string): Promise<string> {
  const [, kind, rest = ''] = /^(env|file|exec):(.+)$/s.exec(reference) ?? []
  if (kind === 'env') return fromEnvironment(options.host, rest, where)
  if (kind === 'file') return fromFile(options, rest, where)
  if (kind === 'exec') return fromCommand(options, rest, where)
  return Promise.reject(unreadable(where, 'is not a reference: a secret is never written in the configuration'))
}

async function fromEnvironment(system: Host, name: string, where: string): Promise<string> {
  const value = system.environment(name)
  if (value === undefined) throw unreadable(where, `is env:${name}: the variable is not set`)
  return value
}

async function fromFile({ host: system, folder }: SecretOptions, name: string, where: string): Promise<string> {
  const path = resolve(folder, name)
  const file = await system.readFile(path).catch((cause: unknown) => {
    throw unreadable(where, `is file:${path}: ${reasonOf(cause)}`, { cause })
  })
  if (file === undefined) throw unreadable(where, `is file:${path}: there is no such file`)
  if (file.facts.kind !== 'file') throw unreadable(where, `is file:${path}: not a regular file`)
  if (!isTrustedOwner(system, file.facts)) {
    throw unreadable(
      where,
      `is file:${path}: it belongs to user ${file.facts.ownerId}, not to root or user ${system.userId}`,
    )
  }
  if ((file.facts.mode & 0o077) !== 0) {
    const message = `is file:${path}: it can be read by others (mode ${formatMode(file.facts.mode)})`
    throw unreadable(where, message, { hint: `chmod 600 ${shellWord(path)}` })
  }
  return file.text
}

async function fromCommand({ host: system, folder }: SecretOptions, command: string, where: string): Promise<string> {
  const argv = splitWords(command)
  if (argv === undefined || argv[0] === undefined) throw unreadable(where, 'is exec: with a quote that is not closed')
  // Arguments are not repeated in messages: some tools take what should be secret there.
  const program = argv[0].includes('/') ? resolve(folder, argv[0]) : argv[0]
  const result = await system.run([program, ...argv.slice(1)], { timeoutMs: EXEC_LIMIT_MS }).catch((cause: unknown) => {
    throw unreadable(where, `is exec:${program}: ${reasonOf(cause)}`, { cause })
  })
  if (result.exitStatus !== 0) throw unreadable(where, `is exec:${program}: exit status ${result.exitStatus}`)
  return result.stdout
}

/** Words as a shell splits them (blanks, quotes, backslash) but without anything else a shell does; undefined when a quote is open. */
export function splitWords(command: string): string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let index = 0; index < command.length; index += 1) {
    const sign = command[index] ?? ''
    if (quote === '' && /\s/.test(sign)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (sign === quote) quote = ''
    else if (quote === '' && (sign === '"' || sign === "'")) {
      quote = sign
      word ??= ''
    } else if (sign === '\\' && quote !== "'") {
      index += 1
      word = (word ?? '') + (command[index] ?? '')
    } else word = (word ?? '') + sign
  }
  if (quote !== '') return undefined
  if (word !== undefined) words.push(word)
  return words
}

function withoutLastNewline(text: string): string {
  return text.replace(/\r?\n$/, '')
}

function unreadable(where: string, message: string, options: { cause?: unknown; hint?: string } = {}): StillshotError {
  return new StillshotError('secret-unreadable', `${where} ${message}`, options)
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
