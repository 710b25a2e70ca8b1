import { StillshotError } from '../errors.ts'

/** What a server says of itself, by which it is told from every other one. */
export interface ServerIdentity {
  /** `vCenter`, `ESXi`. */
  readonly product: string
  /** Undefined where the server does not tell it. */
  readonly id?: string
  /** It will, to whom it knows: what is missing before a login says nothing. */
  readonly idAfterLogin?: true
}

/** Which server has the name of one hypervisor: kept at the first contact, so that another one is told from it. */
export interface KnownServer {
  /** Undefined until one was met. Rejects with `server-changed` when what was kept cannot be read. Repeatable. */
  read(): Promise<ServerIdentity | undefined>
  /** Takes the place of the one before. Idempotent. */
  keep(server: ServerIdentity): Promise<void>
}

/** The part of a hypervisor's port by which a person takes another server for the one that is meant. */
export interface ServerTrust {
  /** Who answers at the address; no secret is sent. Repeatable. */
  answering(options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number }): Promise<ServerIdentity>
  /** Undefined until one was met. Repeatable. */
  known(): Promise<ServerIdentity | undefined>
  /** From now on this one is meant. Idempotent. */
  accept(server: ServerIdentity): Promise<void>
}

/** One that does not tell its id is another one than the one that did. Pure. */
export function isSameServer(known: ServerIdentity, seen: ServerIdentity): boolean {
  if (known.product !== seen.product) return false
  return known.id === undefined || known.id === seen.id || (seen.id === undefined && seen.idAfterLogin === true)
}

export function serverWords({ product, id }: ServerIdentity): string {
  return id === undefined ? product : `${product} ${id}`
}

/** Rejects with `server-changed` where another one was met before; resolves with the one that was. */
export async function assertSameServer(
  name: string,
  server: KnownServer,
  seen: ServerIdentity,
): Promise<ServerIdentity | undefined> {
  const known = await server.read()
  if (known === undefined || isSameServer(known, seen)) return known
  const message = `${name} is answered by ${serverWords(seen)}, and was ${serverWords(known)}`
  throw new StillshotError('server-changed', message, {
    hint: `its VMs and restore points are those of the other one; if this one is meant: \`stillshot trust-server ${name} --replace\``,
    details: { known, seen },
  })
}
