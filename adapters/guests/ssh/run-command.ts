import type { Readable } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import { StillshotError } from '../../../src/errors.ts'
import type { CommandResult } from '../../../src/guest/guest-shell.ts'
import { closeChannel, lostAnswer, sendingOptions } from './channel.ts'
import type { Session } from './handshake.ts'

export interface CommandRequest {
  /** How messages name the guest. */
  readonly guest: string
  /** How messages name the command: its first word, since the others may be long. */
  readonly name: string
  readonly line: string
  readonly stdin: string | Promise<string>
  readonly maxOutputBytes: number
  readonly onSent: () => void
  readonly signal: AbortSignal
  /** Why the connection ended, if it is known. */
  readonly lastFault: () => Error | undefined
}

/**
 * Runs one line on an open connection, in a channel of its own. When `signal` aborts after the request went out, the
 * channel is closed, the command goes on in the guest, and the connection stays usable; whether it is dead is for the
 * keep-alive to find out (sshd confirms a close only when the command has ended). When it aborts before, the connection is
 * ended: that alone makes sure that the command never runs.
 */
export function runCommand({ client, socket }: Session, request: CommandRequest): Promise<CommandResult> {
  const { signal } = request
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>()
  let sent = false
  let settled = false
  let channel: ClientChannel | undefined

  const lost = (reason: string, cause?: Error) => lostAnswer(request, { reason, cause, mayHaveRun: sent })
  const settle = (act: () => void) => {
    if (settled) return
    settled = true
    client.off('close', onConnectionEnd)
    signal.removeEventListener('abort', onAbort)
    act()
  }
  const fail = (error: unknown) => settle(() => reject(error))
  const giveUp = (error: unknown) =>
    settle(() => {
      if (channel !== undefined) closeChannel(channel)
      else if (!sent) socket.destroy()
      reject(error)
    })
  const onAbort = () => giveUp(signal.reason)
  const onConnectionEnd = () => fail(lost('the connection ended', request.lastFault()))
  const onSending = () => {
    if (sent) return
    sent = true
    queueMicrotask(() => attempt(request.onSent, giveUp))
  }
  const onOpened = (error: Error | undefined, opened: ClientChannel) => {
    if (error !== undefined) return fail(lost(`the request was refused (${error.message})`, error))
    onSending()
    channel = opened
    if (settled) return closeChannel(opened)
    collectResult(opened, request.maxOutputBytes, {
      result: (result) => settle(() => resolve(result)),
      cut: () => fail(lost('the channel was closed')),
      tooLong: () => giveUp(tooLong(request)),
    })
    stdin.then((text) => settled || opened.end(text), giveUp)
  }

  // It may fail before the channel is open.
  const stdin = Promise.resolve(request.stdin)
  stdin.catch(giveUp)
  client.once('close', onConnectionEnd)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    client.exec(request.line, sendingOptions(onSending), onOpened)
  } catch (error) {
    fail(lost('the connection ended', error as Error))
  }
  return promise
}

function attempt(act: () => void, onError: (error: unknown) => void): void {
  try {
    act()
  } catch (error) {
    onError(error)
  }
}

interface Outcome {
  readonly result: (result: CommandResult) => void
  readonly cut: () => void
  readonly tooLong: () => void
}

function collectResult(channel: ClientChannel, maxBytes: number, outcome: Outcome): void {
  const stdout = collectText(channel, maxBytes, outcome.tooLong)
  const stderr = collectText(channel.stderr, maxBytes, outcome.tooLong)
  let exit: Pick<CommandResult, 'exitStatus' | 'signal'> | undefined
  channel.on('exit', (code: number | null, signal?: string) => {
    exit = code === null ? { exitStatus: undefined, signal: signal ?? 'unknown' } : { exitStatus: code }
  })
  // A command that ends without reading its input leaves us writing to nobody; its exit status is the answer.
  channel.on('error', () => {})
  channel.on('close', () => {
    if (exit === undefined) outcome.cut()
    else outcome.result({ ...exit, stdout: stdout(), stderr: stderr() })
  })
}

/** Decoded once, at the end: a character may lie across two chunks. */
function collectText(stream: Readable, maxBytes: number, onTooLong: () => void): () => string {
  const chunks: Buffer[] = []
  let bytes = 0
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= maxBytes) chunks.push(chunk)
    else onTooLong()
  })
  return () => Buffer.concat(chunks).toString('utf8')
}

function tooLong({ guest, name, maxOutputBytes }: CommandRequest): StillshotError {
  return new StillshotError('helper-answer-invalid', `${guest}: ${name} wrote more than ${maxOutputBytes} bytes`, {
    hint: 'no answer is this long: look what the command prints in the guest',
  })
}
