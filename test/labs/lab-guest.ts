import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CommandResult } from './command.ts'
import { DOMAIN_PREFIX, NETWORK_CARD } from './domain.ts'
import { GuestSsh } from './guest-ssh.ts'
import type { GuestUnderTest } from './guest-under-test.ts'
import { removeDomain, type Virsh } from './virsh.ts'
import { waitFor } from './wait-for.ts'

/** Longest time for a boot to sshd and MariaDB under emulation on a busy machine. */
export const BOOT_TIMEOUT_MS = 240_000

/** So far the guest's clock may be from this machine's: less than what any test looks at, more than a shell is late by. */
const CLOCK_MS = 250

/** What a later process needs to know to reach a running guest again; kept as guest.json in its folder. */
export interface LabGuestFacts {
  readonly name: string
  readonly uuid: string
  readonly sshPort: number
  readonly folder: string
  readonly imageFolder: string
}

/** One virtual machine of the lab: what tests, demo and bench do to it and need to know about it. */
export class LabGuest implements GuestUnderTest {
  /** Without the prefix of the lab. */
  readonly name: string
  /** libvirt's name of it. */
  readonly domain: string
  readonly uuid: string
  readonly host = '127.0.0.1'
  readonly sshPort: number
  /** Everything of this guest: disks, console.log, known_hosts. */
  readonly folder: string
  readonly rootKeyPath: string
  /** A login without any right beyond its own. */
  readonly user = 'stillshot'
  readonly userKeyPath: string
  readonly knownHostsPath: string
  readonly diskPaths: { readonly vda: string; readonly vdb: string }
  readonly consolePath: string
  readonly #virsh: Virsh
  readonly #ssh: GuestSsh

  constructor(facts: LabGuestFacts, virsh: Virsh) {
    this.name = facts.name
    this.domain = `${DOMAIN_PREFIX}${facts.name}`
    this.uuid = facts.uuid
    this.sshPort = facts.sshPort
    this.folder = facts.folder
    this.rootKeyPath = join(facts.imageFolder, 'id-root')
    this.userKeyPath = join(facts.imageFolder, 'id-user')
    this.knownHostsPath = join(facts.folder, 'known_hosts')
    this.diskPaths = { vda: join(facts.folder, 'vda.qcow2'), vdb: join(facts.folder, 'vdb.qcow2') }
    this.consolePath = join(facts.folder, 'console.log')
    this.#virsh = virsh
    this.#ssh = new GuestSsh({
      port: facts.sshPort,
      user: 'root',
      keyPath: this.rootKeyPath,
      knownHostsPath: this.knownHostsPath,
      // In the temporary folder, because a socket's path may have 107 bytes only.
      controlPath: join(tmpdir(), `stillshot-lab-${facts.uuid}`),
    })
  }

  /** The guest's line of known_hosts: address, type, key. */
  async knownHostsLine(): Promise<string> {
    return (await readFile(this.knownHostsPath, 'utf8')).trim()
  }

  /** Runs a line for root's shell in the guest; rejects unless it ends with 0. */
  run(command: string, options?: { timeoutMs?: number; input?: string }): Promise<string> {
    return this.#ssh.run(command, options)
  }

  /** As {@link run}, whatever the exit status is; 255 is ssh's own failure. */
  try(command: string, options?: { timeoutMs?: number; input?: string }): Promise<CommandResult> {
    return this.#ssh.try(command, options)
  }

  /** Arguments for the ssh program that run a line for root's shell over the shared connection, for a process of one's own. */
  sshArguments(command: string): readonly string[] {
    return this.#ssh.arguments(command)
  }

  /** Runs SQL as MariaDB's root: rows as lines, columns by tab, no heading. */
  async sql(text: string): Promise<string> {
    return (await this.#ssh.run('mariadb --batch --skip-column-names', { input: text })).trimEnd()
  }

  /** Resolves when commands can be run in it and MariaDB answers; the console's end is in the error. */
  async ready(timeoutMs = BOOT_TIMEOUT_MS): Promise<void> {
    const began = performance.now()
    try {
      await this.#ssh.ready(timeoutMs)
      const answers = async () => ((await this.try('mariadb -e "SELECT 1"')).status === 0 ? true : undefined)
      await waitFor(answers, {
        what: `MariaDB in guest ${this.name}`,
        timeoutMs: timeoutMs - (performance.now() - began),
        everyMs: 500,
      })
    } catch (cause) {
      throw new Error(`${this.domain} is not ready; its console ends with:\n${await this.#consoleTail()}`, { cause })
    }
  }

  /** `running`, `paused`, `shut off` and so on, in libvirt's words. */
  async power(): Promise<string> {
    return (await this.#virsh.run(['domstate', this.domain])).trim()
  }

  /** Starts it; resolves before the guest has booted, see {@link ready}. */
  async powerOn(): Promise<void> {
    await this.#virsh.run(['start', this.domain], 120_000)
  }

  /** Pulls the plug: nothing is written back, the disks stay as they are. */
  async powerOff(): Promise<void> {
    await this.#ssh.close()
    await this.#virsh.run(['destroy', this.domain])
  }

  /** The reset button: nothing is written back, and it boots at once; resolves before that, see {@link ready}. */
  async reset(): Promise<void> {
    await this.#virsh.run(['reset', this.domain])
    await this.dropConnection()
  }

  /** Ends the shared connection, which may hang on a guest that was reset or cut off; the next command opens another. */
  async dropConnection(): Promise<void> {
    await this.#ssh.close()
  }

  /** The network cable: out is `false`. The guest goes on without it. */
  async plugNetwork(plugged: boolean): Promise<void> {
    const command = `set_link ${NETWORK_CARD} ${plugged ? 'on' : 'off'}`
    // QEMU's monitor reports a failure as text, with status 0.
    const answer = await this.#virsh.run(['qemu-monitor-command', this.domain, '--hmp', command])
    if (answer.trim() !== '') throw new Error(`${command}: ${answer.trim()}`)
  }

  /** What the guest wrote to its console since it was made. */
  async consoleLog(): Promise<string> {
    return readFile(this.consolePath, 'utf8').catch(() => '')
  }

  /**
   * Sets the guest's clock to this machine's; a resumed guest wakes at the time when it was saved. How long the time is on its way
   * differs with what this machine is busy with: so it is looked at afterwards, and set again until it is right.
   */
  async setClock(): Promise<void> {
    await this.#ssh.ready(60_000)
    let wayMs = CLOCK_MS / 2
    for (let attempt = 0; attempt < 20; attempt += 1) {
      await this.run('date --set=@$(cat)', { input: String((Date.now() + wayMs) / 1000) })
      const askedMs = Date.now()
      const guestMs = Number(await this.run('date +%s%3N'))
      const answeredMs = Date.now()
      if (askedMs - CLOCK_MS <= guestMs && guestMs <= answeredMs + CLOCK_MS) return
      wayMs = Math.max(0, wayMs + (askedMs + answeredMs) / 2 - guestMs)
    }
    throw new Error(`the clock of guest ${this.name} could not be set`)
  }

  /** Ends the guest and removes it with its disks. Safe twice. */
  async destroy(): Promise<void> {
    await this.#ssh.close()
    await removeDomain(this.#virsh, this.domain)
    await rm(this.folder, { recursive: true, force: true })
  }

  async #consoleTail(): Promise<string> {
    return (await this.consoleLog()).split('\n').slice(-20).join('\n')
  }
}

/** Writes what {@link readGuest} and ssh need into the guest's folder. */
export async function writeGuest(facts: LabGuestFacts): Promise<void> {
  await mkdir(facts.folder, { recursive: true })
  const hostKey = await readFile(join(facts.imageFolder, 'host-key.pub'), 'utf8')
  const [type, key] = hostKey.split(' ')
  await writeFile(join(facts.folder, 'known_hosts'), `[127.0.0.1]:${facts.sshPort} ${type} ${key}\n`)
  await writeFile(join(facts.folder, 'guest.json'), `${JSON.stringify(facts, null, 2)}\n`)
}

/** Undefined when there is no such guest. */
export async function readGuest(folder: string): Promise<LabGuestFacts | undefined> {
  const text = await readFile(join(folder, 'guest.json'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as LabGuestFacts)
}
