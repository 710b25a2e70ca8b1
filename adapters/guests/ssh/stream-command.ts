import { PassThrough } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import type { StreamOptions, StreamResult } from '../../../src/guest/guest-shell.ts'
import { closeChannel, lostAnswer, sendingOptions } from './channel.ts'
import type { Session } from './handshake.ts'

export interface StreamRequest extends Pick<StreamOptions, 'input' | 'keepInputOpen' | 'output'> {
  /** How messages name the guest. */
  readonly guest: string
  /** How messages name the command: its first word. */
  readonly name: string
  readonly line: string
  readonly signal: AbortSignal
  /** Why the connection ended, if it is known. */
  readonly lastFault: () => Error | undefined
}

type Exit = Pick<StreamResult, 'exitStatus' | 'signal'>

const MAX_STDERR_BYTES = 64 * 1024
/** What may lie between the two sides: enough that neither waits for every packet. */
const BUFFER_BYTES = 1024 * 1024

/**
 * Runs one line on an open connection, in a channel of its own, with streams for its input and output. What ends it early
 * (the signal, a consumer that throws, the connection) ends both streams and closes the channel.
 */
export async function streamCommand(session: Session, request: StreamRequest): Promise<StreamResult> {
  const failure = Promise.withResolvers<never>()
  failure.promise.catch(() => {})
  const onAbort = () => failure.reject(request.signal.reason)
  const onConnectionEnd = () => failure.reject(lost(request, true))
  request.signal.addEventListener('abort', onAbort, { once: true })
  session.client.once('close', onConnectionEnd)
  let channel: ClientChannel | undefined
  const output = new PassThrough({ highWaterMark: BUFFER_BYTES })
  output.on('error', () => {})
  try {
    channel = await Promise.race([openChannel(session, request), failure.promise])
    const stderr = endOf(channel)
    const ended = exitOf(channel)
    channel.pipe(output)
    const work = Promise.all([ended, request.output(output), feed(channel, request, ended)])
    const [exit] = await Promise.race([work, failure.promise])
    if (exit === undefined) throw lost(request, true)
    return { ...exit, stderr: stderr() }
  } catch (thrown) {
    if (channel !== undefined) {
      channel.unpipe(output)
      closeChannel(channel)
    }
    output.destroy(thrown as Error)
    throw thrown
  } finally {
    request.signal.removeEventListener('abort', onAbort)
    session.client.off('close', onConnectionEnd)
  }
}

function openChannel({ client }: Session, request: StreamRequest): Promise<ClientChannel> {
  const { promise, resolve, reject } = Promise.withResolvers<ClientChannel>()
  let sent = false
  const options = sendingOptions(() => {
    sent = true
  })
  try {
    client.exec(request.line, options, (error, channel) => {
      if (error !== undefined) return reject(lost(request, sent, error))
      if (request.signal.aborted) closeChannel(channel)
      resolve(channel)
    })
  } catch (error) {
    reject(lost(request, false, error as Error))
  }
  return promise
}

/** How the command ended; undefined when the channel was closed without a word. */
function exitOf(channel: ClientChannel): Promise<Exit | undefined> {
  let exit: Exit | undefined
  channel.on('exit', (code: number | null, signal?: string) => {
    exit = code === null ? { exitStatus: undefined, signal: signal ?? 'unknown' } : { exitStatus: code }
  })
  return new Promise((resolve) => channel.once('close', () => resolve(exit)))
}

/** A command that ends without reading its input leaves us writing to nobody: its exit status is the answer then. */
async function feed(
  channel: ClientChannel,
  { input, keepInputOpen = false }: StreamRequest,
  ended: Promise<unknown>,
): Promise<void> {
  let over = false
  const end = ended.then(() => {
    over = true
  })
  channel.on('error', () => {})
  const chunks = input[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await Promise.race([chunks.next(), end])
      if (over || !next || next.done === true) break
      if (!channel.write(next.value)) await Promise.race([drained(channel), end])
    }
  } finally {
    // Not awaited: an input that waits for its own next chunk cannot end before it has come.
    chunks.return?.()?.catch(() => {})
  }
  if (!over && !keepInputOpen) channel.end()
}

function drained(channel: ClientChannel): Promise<void> {
  return new Promise((resolve) => channel.once('drain', () => resolve()))
}

function endOf(channel: ClientChannel): () => string {
  let end = Buffer.alloc(0)
  channel.stderr.on('data', (chunk: Buffer) => {
    end = Buffer.concat([end, chunk]).subarray(-MAX_STDERR_BYTES)
  })
  return () => end.toString('utf8')
}

function lost(request: StreamRequest, mayHaveRun: boolean, fault?: Error) {
  const cause = fault ?? request.lastFault()
  const reason = fault === undefined ? 'the connection ended' : `the request was refused (${fault.message})`
  return lostAnswer(request, { reason, cause, mayHaveRun })
}
