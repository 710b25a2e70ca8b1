import type { GuestConfig } from './guest.ts'

/** One volume of a guest, read from its configuration line: `local:100/vm-100-disk-0.qcow2,serial=one,size=1G`. */
export interface Drive {
  readonly key: string
  readonly volume: string
  readonly storage: string
  readonly format: string
  readonly isCdrom: boolean
  readonly options: Readonly<Record<string, string>>
}

const DRIVE_KEY = /^(ide[0-3]|sata[0-5]|scsi([0-9]|[12][0-9]|30)|virtio([0-9]|1[0-5])|efidisk0|tpmstate0|rootfs|mp\d+)$/

/** The drives of a configuration in the product's order: CD-ROMs among them, unused ones not. */
export function drivesOf(config: GuestConfig): readonly Drive[] {
  return Object.keys(config)
    .filter((key) => DRIVE_KEY.test(key))
    .toSorted(byBusAndUnit)
    .map((key) => parseDrive(key, String(config[key])))
}

/** Those that a snapshot, a roll back or a removal touches. */
export function disksOf(config: GuestConfig): readonly Drive[] {
  return drivesOf(config).filter(({ isCdrom }) => !isCdrom)
}

const BUSES = ['ide', 'scsi', 'virtio', 'sata', 'efidisk', 'tpmstate', 'rootfs', 'mp']

function byBusAndUnit(one: string, other: string): number {
  const [a, b] = [one, other].map((key) => {
    const [, bus = '', unit = '0'] = /^([a-z]+)(\d*)$/.exec(key) ?? []
    return BUSES.indexOf(bus) * 1000 + Number(unit)
  })
  return (a ?? 0) - (b ?? 0)
}

function parseDrive(key: string, line: string): Drive {
  const [first = '', ...rest] = line.split(',')
  const volume = first.replace(/^(file|volume)=/, '')
  const options = Object.fromEntries(rest.map((part) => part.split('=', 2) as [string, string]))
  return {
    key,
    volume,
    storage: volume.includes(':') ? (volume.split(':')[0] ?? '') : '',
    format: options.format ?? /\.(qcow2|raw|vmdk)$/.exec(volume)?.[1] ?? 'raw',
    isCdrom: options.media === 'cdrom' || volume === 'none' || volume === 'cdrom',
    options,
  }
}
