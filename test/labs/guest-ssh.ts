import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { type CommandResult, tryCommand } from './command.ts'
import { waitFor } from './wait-for.ts'

export interface GuestSshOptions {
  /** 127.0.0.1 unless given. */
  readonly host?: string
  readonly port: number
  readonly user: string
  readonly keyPath: string
  readonly knownHostsPath: string
  /** Socket of the connection that the commands share. */
  readonly controlPath: string
}

/**
 * A shell in a lab guest by the ssh program, for what tests arrange and look at. stillshot's own way into the guest is
 * its SSH adapter. Commands share one connection, which is opened again when the guest was off in between.
 */
export class GuestSsh {
  readonly #options: GuestSshOptions

  constructor(options: GuestSshOptions) {
    this.#options = options
  }

  /** Runs a line for the guest's shell and resolves whatever its exit status is; 255 is ssh's own failure. */
  async try(command: string, options: { timeoutMs?: number; input?: string } = {}): Promise<CommandResult> {
    if (!existsSync(this.#options.controlPath)) await this.#openShared()
    return tryCommand('ssh', [...this.#arguments(), command], {
      timeoutMs: options.timeoutMs ?? 60_000,
      ...(options.input !== undefined && { input: options.input }),
    })
  }

  /** Runs a line for the guest's shell; rejects unless it ends with 0. Gives its output. */
  async run(command: string, options: { timeoutMs?: number; input?: string } = {}): Promise<string> {
    const result = await this.try(command, options)
    if (result.status === 0) return result.stdout
    throw new Error(`in the guest: ${command}: ended with ${result.status}: ${(result.stderr || result.stdout).trim()}`)
  }

  /** Resolves when a command could be run. */
  async ready(timeoutMs: number): Promise<void> {
    await waitFor(async () => ((await this.try('true', { timeoutMs: 30_000 })).status === 0 ? true : undefined), {
      what: `sshd on port ${this.#options.port}`,
      timeoutMs,
      everyMs: 500,
    })
  }

  /** Ends the shared connection. Safe twice. */
  async close(): Promise<void> {
    if (!existsSync(this.#options.controlPath)) return
    await tryCommand('ssh', ['-O', 'exit', ...this.#arguments()], { timeoutMs: 10_000 })
  }

  /** The shared connection must not inherit our pipes: it outlives the command that opened it. */
  async #openShared(): Promise<void> {
    const options = ['-o', 'ControlMaster=yes', '-o', 'ControlPersist=300', '-f', '-N']
    const opening = spawn('ssh', [...options, ...this.#arguments()], { stdio: 'ignore', timeout: 60_000 })
    await once(opening, 'exit')
  }

  /** For a process of one's own; the shared connection is used when it is open. */
  arguments(command: string): readonly string[] {
    return [...this.#arguments(), command]
  }

  #arguments(): string[] {
    const { host = '127.0.0.1', port, user, keyPath, knownHostsPath, controlPath } = this.#options
    const settings = {
      BatchMode: 'yes',
      IdentitiesOnly: 'yes',
      StrictHostKeyChecking: 'yes',
      UserKnownHostsFile: knownHostsPath,
      GlobalKnownHostsFile: '/dev/null',
      LogLevel: 'ERROR',
      ConnectTimeout: '30',
      ServerAliveInterval: '10',
      ControlPath: controlPath,
    }
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
    return ['-F', '/dev/null', ...flags, '-i', keyPath, '-p', String(port), `${user}@${host}`]
  }
}
