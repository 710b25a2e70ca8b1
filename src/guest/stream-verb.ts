import type { CallOptions } from '../system/clock.ts'
import type { StreamOptions } from './guest-shell.ts'

/** Verbs of the helper whose answer is a stream instead of a document. */
export type StreamVerb = 'dump' | 'users' | 'archive' | 'packages' | 'load' | 'unpack' | 'binlog'

export interface StreamCall extends CallOptions {
  readonly databases?: readonly string[]
  /** Absolute paths in the guest. */
  readonly paths?: readonly string[]
  /** The guest packs its output with this program; see `packers` of its inventory. */
  readonly pack?: string
  /**
   * SMBIOS UUID of the machine that must answer: asked over the very connection that is streamed over, wherever that was opened
   * anew. Rejects with `guest-unreachable` when another one has the address.
   */
  readonly machine?: string
  /** What follows the request; without it the caller's presence is all that standard input tells. */
  readonly body?: AsyncIterable<Uint8Array>
  readonly output: StreamOptions['output']
}

export interface StreamEnd {
  /** Undefined when a signal ended it. */
  readonly exitStatus: number | undefined
  /** The end of what it complained of, at most 64 KiB. */
  readonly stderr: string
}

/** The request as lines, an empty one at its end, then the body. Every name is one line: see {@link isOneLine}. */
export async function* requestBytes(
  password: string | undefined,
  { databases = [], paths = [], pack, body }: StreamCall,
): AsyncGenerator<Uint8Array> {
  const lines = [
    ...(password === undefined ? [] : [`password=${password}`]),
    ...databases.map((name) => `database=${name}`),
    ...paths.map((path) => `path=${path}`),
    ...(pack === undefined ? [] : [`pack=${pack}`]),
  ]
  yield Buffer.from(`${lines.map((line) => `${line}\n`).join('')}\n`)
  if (body !== undefined) yield* body
}

/** True for what the helper can take as a part of one line. */
export function isOneLine(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they end a line, or a shell's word
  return text !== '' && !/[\u0000\r\n]/.test(text)
}
