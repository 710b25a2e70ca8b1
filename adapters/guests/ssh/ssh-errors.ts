import { StillshotError } from '../../../src/errors.ts'

/** What ssh2 and node:net put on an error. `level` is ssh2's; a number in `code` is a server's own disconnect reason. */
interface ConnectionFault extends Error {
  readonly level?: string
  readonly code?: string | number
}

/** An error of a key agent: the other ways to log in are still tried after it. */
export function isAgentFault(fault: ConnectionFault): boolean {
  return fault.level === 'agent'
}

/**
 * Why no session came about. `guest-login-refused` when the server said no to the login itself, `guest-unreachable` for
 * everything else. `login`: the host key was verified and the login was under way.
 */
export function openingError(
  fault: ConnectionFault | undefined,
  place: { readonly guest: string; readonly login: boolean; readonly agentFault?: ConnectionFault },
): StillshotError {
  const reason = fault === undefined ? 'it ended the connection' : words(fault)
  const refused = fault?.level === 'client-authentication' || typeof fault?.code === 'number'
  if (place.login && refused) {
    const agent = place.agentFault === undefined ? '' : ` (key agent: ${words(place.agentFault)})`
    return new StillshotError('guest-login-refused', `${place.guest} refuses the login: ${reason}${agent}`, {
      cause: fault,
    })
  }
  return new StillshotError('guest-unreachable', `cannot reach ${place.guest}: ${reason}`, { cause: fault })
}

/** node:net gives an error without a message when it has tried several addresses. */
function words(fault: ConnectionFault): string {
  const text =
    fault instanceof AggregateError ? fault.errors.map((error: Error) => error.message).join(', ') : fault.message
  return lowerFirst(text || String(fault.code ?? fault.name))
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text
}
