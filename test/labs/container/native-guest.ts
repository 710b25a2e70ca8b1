import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CommandResult, tryCommand } from '../command.ts'
import { GuestSsh } from '../guest-ssh.ts'
import type { GuestUnderTest } from '../guest-under-test.ts'
import { waitFor } from '../wait-for.ts'
import { removeNative, Supervised } from './supervised.ts'
import type { NativeSpec } from './supervisor/words.ts'

/** Longest time for a boot to sshd and MariaDB on a busy machine; it takes some three seconds. */
const BOOT_TIMEOUT_MS = 180_000
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export interface NativeFacts {
  readonly name: string
  readonly spec: NativeSpec
  readonly imageFolder: string
}

/**
 * A guest that this machine's own kernel runs: the lab's image with its own init, server and sshd in name spaces, as fast as the
 * machine. It ends when this process ends, however that is.
 */
export class NativeGuest implements GuestUnderTest {
  readonly name: string
  /** What its firmware says from its next start on. */
  uuid: string
  /** Made from its snapshots; they go with it. */
  readonly copies: NativeGuest[] = []
  readonly spec: NativeSpec
  readonly imageFolder: string
  readonly sshPort = 22
  readonly folder: string
  readonly rootKeyPath: string
  readonly user = 'stillshot'
  readonly userKeyPath: string
  readonly knownHostsPath: string
  readonly diskPaths: { readonly vda: string; readonly vdb: string }
  readonly #supervised: Supervised
  readonly #address: string | undefined
  readonly #ssh: GuestSsh | undefined

  private constructor({ name, spec, imageFolder }: NativeFacts, supervised: Supervised, address: string | undefined) {
    this.name = name
    this.uuid = spec.uuid
    this.spec = spec
    this.imageFolder = imageFolder
    this.folder = spec.folder
    this.rootKeyPath = join(imageFolder, 'id-root')
    this.userKeyPath = join(imageFolder, 'id-user')
    this.knownHostsPath = join(spec.folder, 'known_hosts')
    this.diskPaths = { vda: join(spec.folder, 'vda.qcow2'), vdb: join(spec.folder, 'vdb.qcow2') }
    this.#supervised = supervised
    this.#address = address
    if (address !== undefined) {
      this.#ssh = new GuestSsh({
        host: address,
        port: this.sshPort,
        user: 'root',
        keyPath: this.rootKeyPath,
        knownHostsPath: this.knownHostsPath,
        controlPath: join(tmpdir(), `stillshot-lab-${spec.uuid}`),
      })
    }
  }

  /** Off; its disks are in its folder. */
  static async make(facts: NativeFacts): Promise<NativeGuest> {
    const { spec, imageFolder } = facts
    const supervised = await Supervised.begin(spec)
    const { address } = await supervised.look()
    const guest = new NativeGuest(facts, supervised, address)
    const [type, key] = (await readFile(join(imageFolder, 'host-key.pub'), 'utf8')).split(' ')
    await mkdir(spec.folder, { recursive: true })
    if (address !== undefined) await writeFile(guest.knownHostsPath, `${address} ${type} ${key?.trim()}\n`)
    return guest
  }

  /** The address of its network card; one without has none. */
  get host(): string {
    if (this.#address === undefined) throw new Error(`guest ${this.name} has no network card`)
    return this.#address
  }

  async knownHostsLine(): Promise<string> {
    return (await readFile(this.knownHostsPath, 'utf8')).trim()
  }

  async run(command: string, options: { timeoutMs?: number; input?: string } = {}): Promise<string> {
    const result = await this.try(command, options)
    if (result.status === 0) return result.stdout
    throw new Error(`in the guest: ${command}: ended with ${result.status}: ${(result.stderr || result.stdout).trim()}`)
  }

  /** By ssh where it has a network card, else from inside. */
  try(command: string, options: { timeoutMs?: number; input?: string } = {}): Promise<CommandResult> {
    return this.#ssh === undefined ? this.inside(command, options) : this.#ssh.try(command, options)
  }

  /** As {@link try}, as a process that appears in the guest: no sshd and no network is needed. 255 where it is off. */
  async inside(command: string, options: { timeoutMs?: number; input?: string } = {}): Promise<CommandResult> {
    const pid = await this.pid()
    if (pid === undefined) return { status: 255, stdout: '', stderr: 'the guest is off' }
    const words = [
      '--target',
      String(pid),
      '--all',
      '--root',
      '--wd',
      'env',
      '-i',
      PATH,
      'HOME=/root',
      'sh',
      '-c',
      command,
    ]
    return tryCommand('nsenter', words, { timeoutMs: options.timeoutMs ?? 60_000, ...pick(options.input) })
  }

  sshArguments(command: string): readonly string[] {
    if (this.#ssh === undefined) throw new Error(`guest ${this.name} has no network card`)
    return this.#ssh.arguments(command)
  }

  async sql(text: string): Promise<string> {
    return (await this.run('mariadb --batch --skip-column-names', { input: text })).trimEnd()
  }

  async ready(timeoutMs = BOOT_TIMEOUT_MS): Promise<void> {
    const began = performance.now()
    try {
      await this.#ssh?.ready(timeoutMs)
      const answers = async () => ((await this.try('mariadb -e "SELECT 1"')).status === 0 ? true : undefined)
      await waitFor(answers, {
        what: `MariaDB in guest ${this.name}`,
        timeoutMs: timeoutMs - (performance.now() - began),
        everyMs: 100,
      })
    } catch (cause) {
      const journal = (await this.consoleLog()).split('\n').slice(-20).join('\n')
      throw new Error(`native guest ${this.name} is not ready; its journal ends with:\n${journal}`, { cause })
    }
  }

  async power(): Promise<string> {
    const { power } = await this.#supervised.look()
    return power === 'off' ? 'shut off' : power
  }

  /** Of its init, as this machine counts processes; undefined while it is off. */
  async pid(): Promise<number | undefined> {
    return (await this.#supervised.look()).pid
  }

  async powerOn(): Promise<void> {
    await this.#supervised.order({ do: 'start', uuid: this.uuid })
  }

  async powerOff(): Promise<void> {
    await this.#supervised.order({ do: 'cut-power' })
    await this.dropConnection()
  }

  async reset(): Promise<void> {
    await this.powerOff()
    await this.powerOn()
  }

  /** Presses the power button; resolves at once. */
  async pressPower(): Promise<void> {
    await this.#supervised.order({ do: 'press-power' })
  }

  /** Nothing in it runs from here to {@link resume}; its clocks go on. */
  async pause(): Promise<void> {
    await this.#supervised.order({ do: 'pause' })
  }

  async resume(): Promise<void> {
    await this.#supervised.order({ do: 'resume' })
  }

  async dropConnection(): Promise<void> {
    await this.#ssh?.close()
  }

  async plugNetwork(plugged: boolean): Promise<void> {
    await this.#supervised.order({ do: 'plug', plugged })
  }

  /** One command of the monitor of its disks, while it is on. */
  monitor(request: object): Promise<unknown> {
    return this.#supervised.order({ do: 'monitor', request })
  }

  /** Of its journal, while it is on. */
  async consoleLog(): Promise<string> {
    return (await this.inside('journalctl --boot --no-pager --lines=200')).stdout
  }

  async destroy(): Promise<void> {
    for (const copy of this.copies.splice(0)) await copy.destroy()
    await this.dropConnection()
    await this.#supervised.end()
    await removeNative(this.folder)
  }
}

function pick(input: string | undefined): { input?: string } {
  return input === undefined ? {} : { input }
}
