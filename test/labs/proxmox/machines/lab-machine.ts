import { runCommand } from '../../command.ts'
import type { Lab } from '../../lab.ts'
import type { LabGuest } from '../../lab-guest.ts'
import type { AgentAnswer, Machine } from './machine.ts'

const LIMIT = { timeoutMs: 120_000 }

/** How long the agent is waited for, in seconds: a freeze takes what the guest's hooks take. */
const AGENT_S = { ping: 3, freeze: 600, other: 60 } as const

/**
 * A real QEMU guest of the lab. Snapshots are internal ones of its qcow2 images, as the product makes on file storage:
 * through QEMU's monitor while it runs, with qemu-img while it is off. Memory is not kept.
 */
export class LabMachine implements Machine {
  readonly #lab: Lab
  readonly #guest: LabGuest
  readonly #images: Readonly<Record<string, string>>

  /** `images`: the file of each disk, by its key in the configuration. */
  constructor(lab: Lab, guest: LabGuest, images: Readonly<Record<string, string>>) {
    this.#lab = lab
    this.#guest = guest
    this.#images = images
  }

  async running(): Promise<boolean> {
    return (await this.#guest.power()) !== 'shut off'
  }

  async paused(): Promise<boolean> {
    return (await this.#guest.power()) === 'paused'
  }

  async start(): Promise<void> {
    await this.#guest.powerOn()
  }

  async stop(): Promise<void> {
    if (await this.running()) await this.#guest.powerOff()
  }

  async askToShutDown(): Promise<void> {
    await this.#virsh('shutdown', '--mode', 'acpi')
  }

  async reset(): Promise<void> {
    await this.#guest.reset()
  }

  async pause(): Promise<void> {
    await this.#virsh('suspend')
  }

  async resume(): Promise<void> {
    await this.#virsh('resume')
  }

  async snapshotDisk(disk: string, snapshot: string): Promise<void> {
    if (await this.running()) await this.#onNode(disk, 'blockdev-snapshot-internal-sync', snapshot)
    else await this.#onImage(disk, '-c', snapshot)
  }

  async removeDiskSnapshot(disk: string, snapshot: string): Promise<void> {
    if (await this.running()) await this.#onNode(disk, 'blockdev-snapshot-delete-internal-sync', snapshot)
    else await this.#onImage(disk, '-d', snapshot)
  }

  async rollBackDisk(disk: string, snapshot: string): Promise<void> {
    await this.#onImage(disk, '-a', snapshot)
  }

  /** Nobody here has tried what a copy of a guest of the lab would be. */
  copyAt(): Promise<Machine> {
    return Promise.reject(new Error('a guest of the lab is not copied'))
  }

  async askAgent(command: string, given?: object): Promise<AgentAnswer | undefined> {
    const seconds =
      command === 'guest-ping' ? AGENT_S.ping : command === 'guest-fsfreeze-freeze' ? AGENT_S.freeze : AGENT_S.other
    const request = JSON.stringify({ execute: command, ...(given === undefined ? {} : { arguments: given }) })
    try {
      const answer = await this.#virsh('qemu-agent-command', '--timeout', String(seconds), request)
      return (JSON.parse(answer) as { return: AgentAnswer }).return
    } catch (error) {
      return errorFromInside(error instanceof Error ? error.message : String(error))
    }
  }

  #virsh(command: string, ...words: readonly string[]): Promise<string> {
    return this.#lab.virsh([command, this.#guest.domain, ...words])
  }

  async #onNode(disk: string, execute: string, name: string): Promise<void> {
    await this.#monitor({ execute, arguments: { device: await this.#nodeOf(disk), name } })
  }

  /** QEMU's name of the image that the disk writes to. */
  async #nodeOf(disk: string): Promise<string> {
    const image = this.#image(disk)
    const devices = (await this.#monitor({ execute: 'query-block' })) as readonly {
      inserted?: { file: string; 'node-name': string }
    }[]
    const found = devices.find(({ inserted }) => inserted?.file === image)
    if (found?.inserted === undefined) throw new Error(`QEMU has no disk on ${image}`)
    return found.inserted['node-name']
  }

  async #monitor(request: object): Promise<unknown> {
    const text = await this.#virsh('qemu-monitor-command', JSON.stringify(request))
    const answer = JSON.parse(text) as { return?: unknown; error?: { desc: string } }
    if (answer.error) throw new Error(answer.error.desc)
    return answer.return
  }

  async #onImage(disk: string, act: '-a' | '-c' | '-d', snapshot: string): Promise<void> {
    await runCommand('qemu-img', ['snapshot', act, snapshot, this.#image(disk)], LIMIT)
  }

  #image(disk: string): string {
    const image = this.#images[disk]
    if (image === undefined) throw new Error(`there is no disk ${disk}`)
    return image
  }
}

/** The agent's own refusal, as virsh reports it; undefined when there was no answer. */
function errorFromInside(message: string): AgentAnswer | undefined {
  const desc = /unable to execute QEMU agent command '[^']+': (.+)/.exec(message)?.[1]
  return desc === undefined ? undefined : { error: { class: 'GenericError', desc } }
}
