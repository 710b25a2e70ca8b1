import { runCommand } from '../command.ts'
import type { AgentAnswer, Machine } from '../proxmox/machines/machine.ts'
import { askAgent } from './ask-agent.ts'
import { copyAt } from './copy-guest.ts'
import type { NativeGuest } from './native-guest.ts'
import { DISKS, type DiskName } from './supervisor/words.ts'

const LIMIT = { timeoutMs: 120_000 }

/** Power, disks and agent of a native guest, for a stand-in of a hypervisor. Snapshots are internal ones of its qcow2 images. */
export class NativeMachine implements Machine {
  readonly guest: NativeGuest
  readonly #disks: Readonly<Record<string, DiskName>>

  /** `keys`: what the hypervisor calls the root disk and the data disk by. */
  constructor(guest: NativeGuest, keys: readonly [string, string]) {
    this.guest = guest
    this.#disks = { [keys[0]]: DISKS[0], [keys[1]]: DISKS[1] }
  }

  /** What the hypervisor calls the disks by, the root disk first. */
  get diskKeys(): readonly string[] {
    return Object.keys(this.#disks)
  }

  async running(): Promise<boolean> {
    return (await this.guest.power()) !== 'shut off'
  }

  async paused(): Promise<boolean> {
    return (await this.guest.power()) === 'paused'
  }

  async start(): Promise<void> {
    await this.guest.powerOn()
  }

  async stop(): Promise<void> {
    await this.guest.powerOff()
  }

  async askToShutDown(): Promise<void> {
    await this.guest.pressPower()
  }

  async reset(): Promise<void> {
    await this.guest.reset()
  }

  async pause(): Promise<void> {
    await this.guest.pause()
  }

  async resume(): Promise<void> {
    await this.guest.resume()
  }

  async snapshotDisk(key: string, snapshot: string): Promise<void> {
    await this.#onDisk(key, 'blockdev-snapshot-internal-sync', '-c', snapshot)
  }

  async removeDiskSnapshot(key: string, snapshot: string): Promise<void> {
    await this.#onDisk(key, 'blockdev-snapshot-delete-internal-sync', '-d', snapshot)
  }

  async rollBackDisk(key: string, snapshot: string): Promise<void> {
    await runCommand('qemu-img', ['snapshot', '-a', snapshot, this.guest.diskPaths[this.#disk(key)]], LIMIT)
  }

  async copyAt(snapshot: string): Promise<NativeMachine> {
    const [root = '', data = ''] = this.diskKeys
    return new NativeMachine(await copyAt(this.guest, snapshot), [root, data])
  }

  identify(uuid: string): void {
    this.guest.uuid = uuid
  }

  async askAgent(command: string, given?: object): Promise<AgentAnswer | undefined> {
    const pid = (await this.running()) ? await this.guest.pid() : undefined
    return pid === undefined ? undefined : askAgent(pid, command, given)
  }

  async #onDisk(key: string, execute: string, act: '-c' | '-d', name: string): Promise<void> {
    const disk = this.#disk(key)
    if (await this.running()) await this.guest.monitor({ execute, arguments: { device: disk, name } })
    else await runCommand('qemu-img', ['snapshot', act, name, this.guest.diskPaths[disk]], LIMIT)
  }

  #disk(key: string): DiskName {
    const disk = this.#disks[key]
    if (disk === undefined) throw new Error(`there is no disk ${key}`)
    return disk
  }
}
