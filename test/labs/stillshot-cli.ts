import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { GuestUnderTest } from './guest-under-test.ts'
import type { Lab } from './lab.ts'
import type { LabGuest } from './lab-guest.ts'

const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), '../../src/stillshot.js')

export interface CliResult {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** stillshot as a user runs it, with a configuration file of its own, against one lab guest. */
export class StillshotCli {
  readonly folder: string
  readonly configPath: string
  readonly stateDirectory: string
  /** Name of the guest's VM in the configuration. */
  readonly vm: string
  /** Added to the environment of every process that is started from now on. */
  environment: Readonly<Record<string, string>> = {}
  /** Node's own arguments, before the program: a module that is loaded first. */
  nodeArguments: readonly string[] = []

  private constructor(folder: string, vm: string) {
    this.folder = folder
    this.vm = vm
    this.configPath = join(folder, 'stillshot.yaml')
    this.stateDirectory = join(folder, 'state')
  }

  /** A fresh configuration and state, on the lab's libvirt; the guest's host key is trusted out of band. */
  static async make(
    lab: Pick<Lab, 'folder' | 'uri'>,
    guest: LabGuest,
    settings: { hold?: string; more?: string; vmMore?: string; folder?: string } = {},
  ): Promise<StillshotCli> {
    const cli = await StillshotCli.makeEmpty(lab, guest, settings.folder)
    const hold = settings.hold ?? '{ ttl: 120s, budget: 110s }'
    const text = `hypervisors:
  lab: { kind: libvirt, uri: "${lab.uri}" }
ssh: { user: ${guest.user}, key: ${guest.userKeyPath}, knownHosts: known_hosts }
vms:
  ${guest.name}:
    hypervisor: lab
    id: ${guest.domain}
    ssh: { host: ${guest.host}, port: ${guest.sshPort} }
    hold: ${hold}
${settings.vmMore ?? ''}
state: { directory: state }
${settings.more ?? ''}`
    await cli.writeConfig(text)
    return cli
  }

  /** As {@link make}, without a configuration. */
  static async makeEmpty(
    lab: Pick<Lab, 'folder'>,
    guest: GuestUnderTest,
    folder = join(lab.folder, 'cli', guest.name),
  ): Promise<StillshotCli> {
    const cli = new StillshotCli(folder, guest.name)
    await rm(cli.folder, { recursive: true, force: true })
    await mkdir(cli.folder, { recursive: true, mode: 0o700 })
    await writeFile(join(cli.folder, 'known_hosts'), `${await guest.knownHostsLine()}\n`, { mode: 0o600 })
    return cli
  }

  async writeConfig(text: string): Promise<void> {
    await writeFile(this.configPath, text, { mode: 0o600 })
  }

  async readConfig(): Promise<string> {
    return readFile(this.configPath, 'utf8')
  }

  /** Puts the helper into the guest. Root lets the configured key in for this one time. */
  async installHelper<T = Record<string, unknown>>(guest: GuestUnderTest, ...options: readonly string[]): Promise<T> {
    return this.#asRoot<T>(guest, 'install', ...options)
  }

  /** Takes the helper, and what calls it, out of the guest. */
  async removeHelper(guest: GuestUnderTest): Promise<void> {
    await this.#asRoot(guest, 'remove')
  }

  async #asRoot<T>(guest: GuestUnderTest, verb: string, ...options: readonly string[]): Promise<T> {
    await guest.run(
      `cp -p /root/.ssh/authorized_keys /root/keys && cat /home/${guest.user}/.ssh/authorized_keys >> /root/.ssh/authorized_keys`,
    )
    try {
      return await this.json<T>('guest', verb, this.vm, '--user', 'root', ...options)
    } finally {
      await guest.run('mv -f /root/keys /root/.ssh/authorized_keys')
    }
  }

  /** Starts it without waiting. */
  spawn(...args: readonly string[]): ChildProcess {
    return spawn(process.execPath, [...this.nodeArguments, PROGRAM, '--config', this.configPath, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: this.folder,
      env: { ...process.env, ...this.environment },
    })
  }

  /** Runs it to its end, whatever that is. */
  async run(...args: readonly string[]): Promise<CliResult> {
    return this.result(this.spawn(...args))
  }

  /** What a process that {@link spawn} started printed and how it ended, once it has. */
  async result(child: ChildProcess): Promise<CliResult> {
    let stdout = ''
    let stderr = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    return { status, signal, stdout, stderr }
  }

  /** Runs it with `--json`; rejects unless it ends with one of `accept` (default: 0). */
  async json<T = Record<string, unknown>>(...args: readonly string[]): Promise<T> {
    const result = await this.run('--json', ...args)
    if (result.status !== 0) {
      throw new Error(`stillshot ${args.join(' ')} ended with ${result.status}: ${result.stdout}${result.stderr}`)
    }
    return JSON.parse(result.stdout) as T
  }
}
