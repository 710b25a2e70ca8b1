import { StillshotError } from '../../../src/errors.ts'
import type { HostAddress, HostKey, KnownHosts } from '../../../src/guest/known-hosts.ts'
import type { CallOptions, Clock } from '../../../src/system/clock.ts'
import { scanHostKey } from './host-key-scan.ts'
import { appendHostKey, readKnownHosts, replaceHostKeys } from './known-hosts-file.ts'
import { findHost } from './known-hosts-lines.ts'

export interface KnownHostsSettings {
  readonly clock: Clock
  readonly knownHostsPath: string
  readonly connectTimeoutMs: number
}

/** Trust kept in a known_hosts file of OpenSSH's format. */
export class SshKnownHosts implements KnownHosts {
  readonly #settings: KnownHostsSettings

  constructor(settings: KnownHostsSettings) {
    this.#settings = settings
  }

  async scan(address: HostAddress, options: CallOptions = {}): Promise<HostKey> {
    return await scanHostKey(address, { ...this.#settings, known: await this.trusted(address) }, options)
  }

  async trusted(address: HostAddress): Promise<readonly HostKey[]> {
    return (await this.#records(address)).trusted
  }

  async trust(address: HostAddress, key: HostKey, options: { readonly replace: boolean }): Promise<void> {
    const { knownHostsPath } = this.#settings
    const { trusted, revoked } = await this.#records(address)
    if (revoked.some((other) => other.base64 === key.base64)) {
      throw new StillshotError('config-invalid', `${key.fingerprint} is marked @revoked in ${knownHostsPath}`)
    }
    const known = trusted.some((other) => other.base64 === key.base64)
    const others = trusted.some((other) => other.base64 !== key.base64)
    if (options.replace && others) await replaceHostKeys(knownHostsPath, address, key)
    else if (!known) await appendHostKey(knownHostsPath, address, key)
  }

  async #records(address: HostAddress) {
    const { knownHostsPath } = this.#settings
    return findHost(await readKnownHosts(knownHostsPath), address, knownHostsPath)
  }
}
