import { toStillshotError } from '../../../src/errors.ts'
import { assertSameServer, type KnownServer, type ServerIdentity } from '../../../src/hypervisor/known-server.ts'
import { field, text, type Value } from './values.ts'

const LONGEST_ID = 100

/** Looks at who answers, before and after a login. */
export interface ServerGuard {
  /** Before a secret is sent. Rejects with `server-changed`. */
  beforeLogin(seen: ServerIdentity): Promise<void>
  /** The one who took the password, with all that is known of it; at the first contact it is kept. Rejects with `server-changed`. */
  afterLogin(seen: ServerIdentity): Promise<void>
}

/** `onNotKept`: the first contact could not be written down, so the next one will be the first. */
export function serverGuard(name: string, server: KnownServer, onNotKept: (reason: string) => void): ServerGuard {
  return {
    async beforeLogin(seen) {
      await assertSameServer(name, server, seen)
    },
    async afterLogin(seen) {
      const known = await assertSameServer(name, server, seen)
      if (known !== undefined && (known.id !== undefined || seen.id === undefined)) return
      // A full disk is no reason to leave a snapshot where it is: what can be done without this is done.
      await server.keep(seen).catch((error: unknown) => onNotKept(toStillshotError(error).message))
    },
  }
}

/** Of the answer to RetrieveServiceContent, which asks for no login. ESXi has no id there. */
export function identityIn(content: Value): ServerIdentity {
  const about = field(content, 'about')
  const id = text(field(about, 'instanceUuid')).trim().toLowerCase().slice(0, LONGEST_ID)
  if (text(field(about, 'apiType')) !== 'VirtualCenter') return { product: 'ESXi', idAfterLogin: true }
  return { product: 'vCenter', ...(id === '' ? {} : { id }) }
}
