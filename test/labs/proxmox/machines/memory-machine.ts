import type { AgentAnswer, Machine } from './machine.ts'
import { MemoryPrograms } from './memory-programs.ts'

/** How the agent inside behaves: `silent` for one that is installed and hangs, or is not there. */
export type AgentMood = 'running' | 'silent' | 'refuses-to-freeze' | 'refuses-to-thaw'

interface MemoryDisk {
  content: string
  readonly snapshots: Map<string, string>
}

/** A machine that is nothing but its state: for unit tests and the conformance suite. */
export class MemoryMachine implements Machine {
  readonly disks: ReadonlyMap<string, MemoryDisk>
  agent: AgentMood = 'silent'
  frozen = false
  readonly programs = new MemoryPrograms()
  /** Whether the guest goes down when it is asked to. */
  obeys = true
  #power: 'running' | 'paused' | 'off' = 'running'

  constructor(disks: readonly string[]) {
    this.disks = new Map(disks.map((disk) => [disk, { content: '', snapshots: new Map() }]))
  }

  /** As a guest would, a whole disk at a time. */
  write(disk: string, content: string): void {
    this.#disk(disk).content = content
  }

  read(disk: string): string {
    return this.#disk(disk).content
  }

  /** Another one, off, whose disks hold what the snapshot does. */
  copyOf(snapshot: string): MemoryMachine {
    const copy = new MemoryMachine([...this.disks.keys()])
    copy.#power = 'off'
    for (const [disk, { snapshots }] of this.disks) copy.write(disk, snapshots.get(snapshot) ?? '')
    return copy
  }

  async running(): Promise<boolean> {
    return this.#power !== 'off'
  }

  async paused(): Promise<boolean> {
    return this.#power === 'paused'
  }

  async start(): Promise<void> {
    this.#power = 'running'
  }

  async stop(): Promise<void> {
    this.#power = 'off'
    this.frozen = false
  }

  async askToShutDown(): Promise<void> {
    if (this.obeys) await this.stop()
  }

  async reset(): Promise<void> {
    this.frozen = false
  }

  async pause(): Promise<void> {
    if (this.#power === 'running') this.#power = 'paused'
  }

  async resume(): Promise<void> {
    if (this.#power === 'paused') this.#power = 'running'
  }

  async snapshotDisk(disk: string, snapshot: string): Promise<void> {
    const { content, snapshots } = this.#disk(disk)
    if (snapshots.has(snapshot)) throw new Error(`snapshot '${snapshot}' exists on ${disk}`)
    snapshots.set(snapshot, content)
  }

  async removeDiskSnapshot(disk: string, snapshot: string): Promise<void> {
    if (!this.#disk(disk).snapshots.delete(snapshot)) throw new Error(`no snapshot '${snapshot}' on ${disk}`)
  }

  async rollBackDisk(disk: string, snapshot: string): Promise<void> {
    if (this.#power !== 'off') throw new Error(`${disk} is in use`)
    const content = this.#disk(disk).snapshots.get(snapshot)
    if (content === undefined) throw new Error(`no snapshot '${snapshot}' on ${disk}`)
    this.#disk(disk).content = content
  }

  async copyAt(snapshot: string): Promise<MemoryMachine> {
    const copy = new MemoryMachine([...this.disks.keys()])
    await copy.stop()
    for (const [disk, { snapshots }] of this.disks) copy.write(disk, snapshots.get(snapshot) ?? '')
    return copy
  }

  async askAgent(command: string, given: object = {}): Promise<AgentAnswer | undefined> {
    if (this.agent === 'silent' || this.#power !== 'running') return undefined
    if (command === 'guest-fsfreeze-status') return this.frozen ? 'frozen' : 'thawed'
    if (command === 'guest-fsfreeze-thaw') {
      if (this.agent === 'refuses-to-thaw') return agentError('GenericError', 'failed to thaw filesystems')
      return this.#setFrozen(false)
    }
    if (command === 'guest-ping') return {}
    if (this.frozen) {
      return agentError('CommandNotFound', `Command ${command} has been disabled: the agent is in frozen state`)
    }
    if (command === 'guest-fsfreeze-freeze') {
      if (this.agent === 'refuses-to-freeze')
        return agentError('GenericError', 'fsfreeze hook has failed with status 1')
      return this.#setFrozen(true)
    }
    if (command.startsWith('guest-exec')) return this.programs.ask(command, given)
    if (command === 'guest-info') return { version: '9.2.0', supported_commands: [] }
    if (command === 'guest-get-fsinfo') return [{ name: 'sda1', mountpoint: '/', type: 'ext4', disk: [] }]
    return agentError('CommandNotFound', `The command ${command} has not been found`)
  }

  /** Gives the number of file systems that changed. */
  #setFrozen(frozen: boolean): number {
    const changed = this.frozen === frozen ? 0 : 1
    this.frozen = frozen
    return changed
  }

  #disk(disk: string): MemoryDisk {
    const found = this.disks.get(disk)
    if (found === undefined) throw new Error(`there is no disk ${disk}`)
    return found
  }
}

function agentError(kind: string, desc: string): AgentAnswer {
  return { error: { class: kind, desc } }
}
