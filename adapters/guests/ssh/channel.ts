import type { ClientChannel, ExecOptions } from 'ssh2'
import { StillshotError } from '../../../src/errors.ts'

/**
 * ssh2 calls back only when the guest has confirmed the request, a round trip after it was sent. But it reads `env` right
 * before it writes the request; a microtask that is queued then runs right after.
 */
export function sendingOptions(onSending: () => void): ExecOptions {
  return Object.defineProperty({}, 'env', { get: onSending })
}

/** What the command still writes is thrown away, so that it cannot fill the connection. */
export function closeChannel(channel: ClientChannel): void {
  channel.on('error', () => {}).resume()
  channel.stderr.resume()
  channel.close()
}

/** The error of a command whose exit status never came. */
export function lostAnswer(
  { guest, name }: { readonly guest: string; readonly name: string },
  loss: { reason: string; cause: Error | undefined; mayHaveRun: boolean },
): StillshotError {
  const { reason, cause, mayHaveRun } = loss
  return new StillshotError('guest-unreachable', `${guest}: ${reason} before ${name} had answered`, {
    cause,
    details: { mayHaveRun },
  })
}
