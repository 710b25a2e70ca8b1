import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { keysInDisorder } from '../api/disorder.ts'
import { Refusal } from '../refusal.ts'
import type { Release } from '../release.ts'

/** What goes back over the wire. */
export interface Answer {
  readonly status: number
  /** The status line's text, first line only. */
  readonly reason: string
  /** A JSON document; nothing for errors of the web server itself. */
  readonly body?: object
}

/** An error of the web server: the status line has the text, and there is no body. */
export class WireError extends Error {
  readonly status: number

  constructor(status: number, reason: string) {
    super(reason)
    this.status = status
  }
}

export function success(data: unknown, total: number | undefined): Answer {
  return { status: 200, reason: 'OK', body: { data: data ?? null, ...(total === undefined ? {} : { total }) } }
}

/** What an error becomes: of the web server, of the API, or any other `die`. */
export function failure(error: unknown, release: Release): Answer {
  const reason = error instanceof Error ? error.message : String(error)
  if (error instanceof WireError) return { status: error.status, reason }
  const { status, errors } = error instanceof Refusal ? error : { status: 500, errors: undefined }
  const message = release.messageInBody ? { message: `${reason}\n` } : {}
  return { status, reason, body: { data: null, ...message, ...(errors && { errors }) } }
}

/** Bodies longer than this are compressed for a client that takes it. */
const COMPRESS_BYTES = 1024

export function send(response: ServerResponse, answer: Answer, options: { close: boolean; gzip: boolean }): void {
  const plain = Buffer.from(answer.body === undefined ? '' : JSON.stringify(keysInDisorder(answer.body)))
  const compress = options.gzip && plain.length > COMPRESS_BYTES
  const content = compress ? gzipSync(plain) : plain
  response.writeHead(answer.status, reasonPhrase(answer.reason), {
    'Cache-Control': 'max-age=0',
    // Said by hand, because Node would add a "Keep-Alive" line that the product does not send.
    Connection: options.close ? 'close' : 'Keep-Alive',
    Pragma: 'no-cache',
    Server: 'pve-api-daemon/3.0',
    'Content-Length': content.length,
    ...(answer.body === undefined ? {} : { 'Content-Type': 'application/json;charset=UTF-8' }),
    ...(compress ? { 'Content-Encoding': 'gzip' } : {}),
  })
  response.end(content)
}

/** The first line, in what HTTP allows there: the bytes of its UTF-8, as the product sends them. */
function reasonPhrase(message: string): string {
  const line = message.split('\n')[0] ?? ''
  return Buffer.from(line, 'utf8')
    .toString('latin1')
    .replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?')
}
