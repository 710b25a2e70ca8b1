import { StillshotError } from '../../../src/errors.ts'
import type { HostAddress, HostKey } from '../../../src/guest/known-hosts.ts'
import { callLimit } from '../../../src/system/call-limit.ts'
import type { CallOptions, Clock } from '../../../src/system/clock.ts'
import { shakeHands } from './handshake.ts'
import { orderAlgorithms } from './host-key-algorithms.ts'

/**
 * Fetches the host key of an SSH server without logging in: no user name is sent. Of several keys it is the one of a type
 * in `known`, else the strongest. Rejects with `guest-unreachable`, also after `connectTimeoutMs`.
 */
export async function scanHostKey(
  address: HostAddress,
  settings: { readonly clock: Clock; readonly connectTimeoutMs: number; readonly known?: readonly HostKey[] },
  options: CallOptions = {},
): Promise<HostKey> {
  const guest = `${address.host}:${address.port}`
  using limit = callLimit(settings.clock, options)
  using connecting = settings.clock.deadline(settings.connectTimeoutMs, limit.signal)
  try {
    const { hostKey } = await shakeHands({
      address,
      guest,
      algorithms: orderAlgorithms(settings.known ?? []),
      judge: () => undefined,
      signal: connecting.signal,
    })
    return hostKey
  } catch (error) {
    throw connecting.signal.aborted && !limit.signal.aborted ? noAnswer(guest, settings.connectTimeoutMs) : error
  }
}

/** The connect time limit is over. */
export function noAnswer(guest: string, afterMs: number): StillshotError {
  return new StillshotError('guest-unreachable', `cannot reach ${guest}: no session after ${afterMs} ms`)
}
