import type { Cluster } from '../cluster.ts'
import { WireError } from './answer.ts'
import type { Received } from './received.ts'

/** The value behind a name in a header: `PVEAuthCookie=…;` or `PVEAPIToken=…`. */
function valueIn(header: string | undefined, name: string): string | undefined {
  const value = new RegExp(`(?:^|\\s)${name}(?:=| )([^;]*)`).exec(header ?? '')?.[1]
  return value === undefined ? undefined : decodeURIComponent(value)
}

/**
 * Who asks: `name@realm` or `name@realm!token`. A ticket wins over a token, and needs the CSRF token for all but GET.
 * A WireError 401 otherwise.
 */
export function authenticate({ accounts }: Cluster, { method, headers }: Received): string {
  const ticket = valueIn(headers.cookie, 'PVEAuthCookie') ?? valueIn(headers.authorization, 'PVEAuthCookie')
  if (ticket !== undefined) {
    const user = accounts.tickets.userOf(ticket)
    if (user === undefined) throw new WireError(401, 'Authentication failed!')
    const csrf = headers.csrfpreventiontoken
    if (method !== 'GET' && !(typeof csrf === 'string' && accounts.tickets.isCsrfToken(csrf, user))) {
      throw new WireError(401, 'Permission denied - invalid csrf token')
    }
    return user
  }
  const credentials = valueIn(headers.authorization, 'PVEAPIToken')
  if (credentials === undefined) throw new WireError(401, 'No ticket')
  const token = accounts.tokenOf(credentials)
  if (token === undefined) throw new WireError(401, 'Authentication failed!')
  return token
}
