import { runCommand } from '../../command.ts'
import type { Lab } from '../../lab.ts'
import type { LabGuest } from '../../lab-guest.ts'
import type { GuestConfig } from '../guests/guest.ts'

export interface LabConfig {
  readonly config: GuestConfig
  /** The file of each disk, by its key in the configuration. */
  readonly images: Readonly<Record<string, string>>
}

/** The configuration that the product would have for a guest of the lab: its own UUID, address, serials and sizes. */
export async function labConfig(lab: Lab, guest: LabGuest, vmid: number): Promise<LabConfig> {
  const xml = await lab.virsh(['dumpxml', guest.domain])
  const mac = only(xml, /mac=((?:[0-9a-f]{2}:){5}[0-9a-f]{2})/i)
  const disks = xml.split('<disk ').slice(1)
  const config: GuestConfig = {
    name: guest.name,
    cores: 2,
    memory: '512',
    ostype: 'l26',
    agent: '1',
    boot: 'order=virtio0',
    smbios1: `uuid=${only(xml, /<uuid>([0-9a-f-]{36})<\/uuid>/)}`,
    net0: `virtio=${mac.toUpperCase()},bridge=vmbr0`,
  }
  const images: Record<string, string> = {}
  for (const [index, disk] of disks.entries()) {
    const key = `virtio${index}`
    const image = only(disk, /<source file='([^']+)'/)
    images[key] = image
    const serial = /<serial>([^<]+)<\/serial>/.exec(disk)?.[1]
    const parts = [`local:${vmid}/vm-${vmid}-disk-${index}.qcow2`, serial && `serial=${serial}`, await sizeOf(image)]
    config[key] = parts.filter((part) => part !== undefined).join(',')
  }
  return { config, images }
}

function only(text: string, pattern: RegExp): string {
  const found = pattern.exec(text)?.[1]
  if (found === undefined) throw new Error(`the domain has nothing like ${pattern}`)
  return found
}

/** `size=2G`, in the largest unit that is whole. */
async function sizeOf(image: string): Promise<string> {
  const info = await runCommand('qemu-img', ['info', '-U', '--output=json', image], { timeoutMs: 30_000 })
  let size = (JSON.parse(info) as { 'virtual-size': number })['virtual-size']
  const units = ['', 'K', 'M', 'G', 'T']
  let unit = 0
  while (size % 1024 === 0 && unit < units.length - 1) {
    size /= 1024
    unit += 1
  }
  return `size=${size}${units[unit]}`
}
