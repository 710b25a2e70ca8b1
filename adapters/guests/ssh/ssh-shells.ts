import type { AnyAuthMethod } from 'ssh2'
import { StillshotError } from '../../../src/errors.ts'
import type { GuestShell, GuestShells, GuestTarget } from '../../../src/guest/guest-shell.ts'
import { callLimit } from '../../../src/system/call-limit.ts'
import type { CallOptions, Clock } from '../../../src/system/clock.ts'
import { shakeHands } from './handshake.ts'
import { orderAlgorithms } from './host-key-algorithms.ts'
import { noAnswer } from './host-key-scan.ts'
import { judgeHostKey } from './host-key-verdict.ts'
import { readKnownHosts } from './known-hosts-file.ts'
import { findHost } from './known-hosts-lines.ts'
import { PrivateKeyFile } from './private-key.ts'
import { SshShell } from './ssh-shell.ts'

export interface SshSettings {
  readonly clock: Clock
  /** A private key, readable by its owner only. A key or an agent is needed; with both, the key is tried first. */
  readonly keyPath?: string
  /** Fetches the passphrase of the key; called only when the key needs one. */
  readonly passphrase?: () => Promise<string>
  /** The socket of a running key agent. */
  readonly agentSocket?: string
  readonly knownHostsPath: string
  /** From the first packet to the end of the login. */
  readonly connectTimeoutMs: number
  /** Pause between keep-alive messages; a guest that leaves three of them unanswered counts as gone. */
  readonly keepAliveMs: number
}

/**
 * Guests over SSH. Key and known_hosts are read anew for every connection, so that a change counts at once; besides the
 * port's errors, `open` rejects with `config-unsafe`, `config-invalid` and `secret-unreadable` for what it reads.
 */
export class SshShells implements GuestShells {
  readonly #settings: SshSettings
  readonly #key: PrivateKeyFile | undefined

  constructor(settings: SshSettings) {
    this.#settings = settings
    const { keyPath, passphrase } = settings
    if (keyPath !== undefined) this.#key = new PrivateKeyFile(keyPath, passphrase)
  }

  async open(target: GuestTarget, options: CallOptions = {}): Promise<GuestShell> {
    const { clock, knownHostsPath, connectTimeoutMs, keepAliveMs } = this.#settings
    const guest = `${target.vm} (${target.host}:${target.port})`
    using limit = callLimit(clock, options)
    limit.signal.throwIfAborted()
    const [methods, knownHosts] = await Promise.all([this.#methods(target.user), readKnownHosts(knownHostsPath)])
    const records = findHost(knownHosts, target, knownHostsPath)
    using connecting = clock.deadline(connectTimeoutMs, limit.signal)
    try {
      const session = await shakeHands({
        address: { host: target.host, port: target.port },
        guest,
        algorithms: orderAlgorithms(records.trusted),
        judge: (key) => judgeHostKey(records, key, { guest, knownHostsPath }),
        login: { user: target.user, methods, keepAliveMs },
        signal: connecting.signal,
      })
      return new SshShell(session, { clock, guest })
    } catch (error) {
      throw connecting.signal.aborted && !limit.signal.aborted ? noAnswer(guest, connectTimeoutMs) : error
    }
  }

  async #methods(username: string): Promise<AnyAuthMethod[]> {
    const { agentSocket } = this.#settings
    const methods: AnyAuthMethod[] = []
    if (this.#key !== undefined) methods.push({ type: 'publickey', username, key: await this.#key.load() })
    if (agentSocket !== undefined) methods.push({ type: 'agent', username, agent: agentSocket })
    if (methods.length === 0)
      throw new StillshotError('config-invalid', 'neither a private key nor a key agent is given')
    return methods
  }
}
