import { containerUuid } from '../../../src/guest/container-identity.ts'

/** A VM's configuration, or a snapshot's, as the API gives it. */
export type Config = Readonly<Record<string, unknown>>

/** A disk line: `scsi0: local-lvm:vm-100-disk-0,size=32G,serial=data`. */
export interface Drive {
  /** `scsi0`. */
  readonly id: string
  readonly bus: string
  readonly index: number
  /** `storage:volume`, or the path of a device of the node. */
  readonly volume: string
  readonly options: Readonly<Record<string, string>>
}

/** Buses in the order in which Proxmox VE lists them; a container has its mount points instead. */
const BUSES: readonly string[] = ['virtio', 'scsi', 'sata', 'ide', 'rootfs', 'mp']

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 }

/** The disks that the guest sees; no CD-ROM, no cloud-init drive, no firmware's own storage. */
export function drivesOf(config: Config): readonly Drive[] {
  return volumesOf(config).filter(({ bus }) => BUSES.includes(bus))
}

/** Everything of which a snapshot of the VM takes a copy, the firmware's storage (`efidisk0`, `tpmstate0`) included. */
export function volumesOf(config: Config): readonly Drive[] {
  return Object.entries(config)
    .flatMap(([key, value]) => readDrive(key, value))
    .filter(({ volume, options }) => options.media !== 'cdrom' && volume !== 'none' && volume !== 'cdrom')
    .toSorted((one, other) => order(one.bus) - order(other.bus) || one.index - other.index)
}

function order(bus: string): number {
  const index = BUSES.indexOf(bus)
  return index === -1 ? BUSES.length : index
}

function readDrive(key: string, value: unknown): readonly Drive[] {
  const [, bus, index] = /^(virtio|scsi|sata|ide|efidisk|tpmstate|mp|rootfs)(\d*)$/.exec(key) ?? []
  if (bus === undefined || typeof value !== 'string' || (index === '') !== (bus === 'rootfs')) return []
  const { file, volume = file ?? '', ...options } = readProperties(value, 'file')
  return [{ id: key, bus, index: Number(index), volume, options }]
}

/** `a,b=c` as names and values; the first word without a name stands for `first`. */
export function readProperties(text: string, first: string): Readonly<Record<string, string>> {
  const pairs = text.split(',').map((part) => {
    const equals = part.indexOf('=')
    return equals === -1 ? [first, part] : [part.slice(0, equals), part.slice(equals + 1)]
  })
  return Object.fromEntries(pairs)
}

/** `32G` in bytes, 0 when it is not there. Proxmox VE writes sizes exactly: in the largest unit that divides them. */
export function sizeOf({ options }: Drive): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(options.size ?? '') ?? []
  return Math.round(Number(number ?? 0) * (UNITS[unit] ?? 1))
}

/** A container has a root file system, and no VM has one of that name. */
export function isContainer({ rootfs }: Config): boolean {
  return rootfs !== undefined
}

/** Where the guest has what is on the drive: of a container's mount points. */
export function mountOf({ bus, options }: Drive): string | undefined {
  if (bus === 'rootfs') return '/'
  const place = bus === 'mp' ? options.mp : undefined
  return place === undefined ? undefined : `/${place.split('/').filter(Boolean).join('/')}`
}

/** Lower case; empty when the VM has none. A container's is made from its first network card. */
export function uuidOf(config: Config): string {
  return isContainer(config) ? containerUuid(cardOf(config)) : smbiosUuid(config)
}

/** The card that the container calls `eth0`, else its first. */
function cardOf(config: Config): string | undefined {
  const cards = Object.keys(config)
    .filter((key) => /^net\d+$/.test(key))
    .toSorted((one, other) => Number(one.slice(3)) - Number(other.slice(3)))
    .map((key) => readProperties(String(config[key]), ''))
  return (cards.find(({ name }) => name === 'eth0') ?? cards[0])?.hwaddr
}

function smbiosUuid({ smbios1 }: Config): string {
  return (typeof smbios1 === 'string' ? (readProperties(smbios1, 'uuid').uuid ?? '') : '').toLowerCase()
}

export function macsOf(config: Config): readonly string[] {
  return Object.entries(config)
    .filter(([key]) => /^net\d+$/.test(key))
    .toSorted(([one], [other]) => Number(one.slice(3)) - Number(other.slice(3)))
    .flatMap(([, value]) => /(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/i.exec(String(value))?.[0].toLowerCase() ?? [])
}

/** `agent: 1`, `agent: enabled=1,…`. */
export function hasAgent({ agent }: Config): boolean {
  return isOn(readProperties(String(agent ?? '0'), 'enabled').enabled ?? '0')
}

/** Where there is an agent: whether Proxmox VE has it freeze (`freeze-fs`, in older releases `freeze-fs-on-backup`). */
export function freezesFileSystems({ agent }: Config): boolean {
  const properties = readProperties(String(agent ?? '0'), 'enabled')
  return isOn(properties['freeze-fs'] ?? properties['freeze-fs-on-backup'] ?? '1')
}

function isOn(value: string): boolean {
  return /^(1|on|yes|true)$/i.test(value)
}

/** In bytes: `512`, in newer releases `current=512`; Proxmox VE's default where nothing is said. */
export function memoryOf({ memory }: Config): number {
  return Number(readProperties(String(memory ?? 512), 'current').current) * 1024 ** 2
}

/** Whether a backup asks the agent to freeze the guest: `agent: 1,freeze-fs-on-backup=0` does not. */
export function freezesOnBackup(config: Config): boolean {
  const options = readProperties(String(config.agent ?? '0'), 'enabled')
  return (
    hasAgent(config) &&
    !['freeze-fs-on-backup', 'freeze-fs'].some((name) => /^(0|off|no|false)$/i.test(options[name] ?? ''))
  )
}

/** Before the colon of `storage:volume`; undefined for a device of the node. */
export function storageOf({ volume }: Drive): string | undefined {
  return /^([^:/]+):/.exec(volume)?.[1]
}
