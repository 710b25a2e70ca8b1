import type { CallOptions } from '../system/clock.ts'

/** Port: the SSH host keys that are trusted, as `stillshot trust` reads and writes them. */
export interface KnownHosts {
  /**
   * Fetches the host key of a guest without logging in: nothing is sent that names a user. The server has proved that
   * it holds the key; whether it is the right server is for a person to say. Rejects with `guest-unreachable`.
   */
  scan(address: HostAddress, options?: CallOptions): Promise<HostKey>
  /** The keys that are trusted for this address now, in the order of the file; empty when there is no file. */
  trusted(address: HostAddress): Promise<readonly HostKey[]>
  /**
   * Trusts `key` for this address from now on. Repeatable: a key that is trusted already changes nothing. With `replace`
   * the other keys of this address are no longer trusted. Rejects with `config-invalid` for a key that is marked as
   * revoked, or when a key to be replaced stands in a line for a pattern of hosts.
   */
  trust(address: HostAddress, key: HostKey, options: { readonly replace: boolean }): Promise<void>
}

export interface HostAddress {
  readonly host: string
  readonly port: number
}

/** A public host key. */
export interface HostKey {
  /** As in known_hosts: `ssh-ed25519`, `ssh-rsa`, … */
  readonly type: string
  /** The key in base64, as in known_hosts. */
  readonly base64: string
  /** `SHA256:…`, as `ssh-keygen -l` shows it. */
  readonly fingerprint: string
}
