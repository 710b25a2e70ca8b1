import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HypervisorEntry } from '../cli-on-hypervisor.ts'
import { runCommand } from '../command.ts'
import { DISK_SERIALS, NETWORK_CARD_MAC } from '../domain.ts'
import type { Lab } from '../lab.ts'
import type { LabGuest } from '../lab-guest.ts'
import { LabMachine } from '../proxmox/machines/lab-machine.ts'
import type { Machines } from './machine-hook.ts'
import { openSimulator, PASSWORD, type Simulator, USERNAME } from './simulator.ts'

/** A simulated vCenter whose one VM is a real guest of the lab, and how a configuration of stillshot reaches it. */
export interface LabSimulator {
  readonly simulator: Simulator
  readonly entry: HypervisorEntry
  close(): Promise<void>
}

/**
 * The VM has the guest's UUID, address, disk serials and sizes; what vSphere does to its disks and its power is done to
 * the guest before the task ends. The guest is running, and its snapshots of earlier simulators are not known to this one.
 */
export async function openLabSimulator(lab: Lab, guest: LabGuest): Promise<LabSimulator> {
  const images = { 'scsi0:0': guest.diskPaths.vda, 'scsi0:1': guest.diskPaths.vdb }
  const machine = new LabMachine(lab, guest, images)
  return openSimulatorBefore({
    ...{ name: guest.name, uuid: guest.uuid, mac: NETWORK_CARD_MAC, folder: guest.folder },
    disks: [
      { serial: DISK_SERIALS.vda, sizeBytes: await sizeOf(guest.diskPaths.vda) },
      { serial: DISK_SERIALS.vdb, sizeBytes: await sizeOf(guest.diskPaths.vdb) },
    ],
    machines: new Map([[guest.name, { machine, disks: Object.keys(images) }]]),
  })
}

/** What stands behind a simulator, and the folder of the lab's guest. */
export interface BehindSimulator {
  readonly name: string
  readonly uuid: string
  readonly mac: string
  readonly disks: readonly { readonly serial: string; readonly sizeBytes: number }[]
  readonly machines: Machines
  readonly folder: string
  /** Whom VMware Tools in it let in; the password is {@link TOOLS_PASSWORD}. */
  readonly toolsUser?: string
}

export const TOOLS_PASSWORD = 'in <the> "guest"'

/** As {@link openLabSimulator}, whatever the guest runs on. */
export async function openSimulatorBefore(behind: BehindSimulator): Promise<LabSimulator> {
  const { name, uuid, mac, machines, toolsUser } = behind
  const disks = behind.disks.map(({ serial, sizeBytes }) => ({ uuid: diskUuid(serial), sizeBytes }))
  const extra = [{ key: 'disk.EnableUUID', value: 'TRUE' }]
  const guest = toolsUser === undefined ? {} : { guest: { user: toolsUser, password: TOOLS_PASSWORD } }
  const simulator = await openSimulator({ vms: [{ name, uuid, macs: [mac], extra, disks, ...guest }], machines })
  const folder = join(behind.folder, 'vsphere')
  const passwordPath = join(folder, 'password')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(passwordPath, `${PASSWORD}\n`, { mode: 0o600 })
  const access = `ca: ${simulator.authorityPath}, username: ${USERNAME}, password: "file:${passwordPath}"`
  const line = `vc: { kind: vsphere, url: "${simulator.url}", ${access} }`
  return { simulator, entry: { name: 'vc', line, id: name }, close: () => simulator.close() }
}

/** A UUID as vSphere writes those of disks: the guest's virtio disks show the first 20 of its 32 digits. */
function diskUuid(serial: string): string {
  const [, ...groups] = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/.exec(serial.padEnd(32, '0').toUpperCase()) ?? []
  return groups.join('-')
}

async function sizeOf(image: string): Promise<number> {
  const info = await runCommand('qemu-img', ['info', '-U', '--output=json', image], { timeoutMs: 30_000 })
  return (JSON.parse(info) as { 'virtual-size': number })['virtual-size']
}
