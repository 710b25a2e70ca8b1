import { StillshotError } from '../../../src/errors.ts'
import { childrenNamed, find, formatXml, mapChildren, parseXml, textOf, type XmlElement } from './xml-tree.ts'

/** What a domain's XML says (libvirt: formatdomain.html); read here and nowhere else. */
export interface Domain {
  readonly uuid: string
  readonly name: string
  readonly macs: readonly string[]
  readonly disks: readonly DomainDisk[]
  /** SCSI devices of the host that the guest sees as disks of its own. */
  readonly passthrough: readonly string[]
}

export interface DomainDisk {
  /** `vda` */
  readonly target: string
  readonly bus: string
  readonly serial?: string
  /** Where it is plugged in, comparable as text in the order in which a guest counts. */
  readonly address: string
  /** `disk`, `lun`, `cdrom`, `floppy` */
  readonly device: string
  /** `file`, `block`, `network`, … */
  readonly type: string
  /** `qcow2`, `raw`, …: of the active image. */
  readonly format: string
  /** Path of the active image; undefined for what is no local file or block device. */
  readonly image?: string
  /** Active image first, then what it stands on, as far as libvirt tells (a running domain: all). */
  readonly chain: readonly string[]
  /** How far a block job with a switch at its end has come; undefined when there is none. */
  readonly mirror?: 'copying' | 'ready'
  readonly readOnly: boolean
  readonly shareable: boolean
  readonly transient: boolean
  readonly encrypted: boolean
  /** The definition's own wish about snapshots: `no` takes the disk out. */
  readonly snapshot?: string
}

export function readDomain(xml: string): Domain {
  return domainOf(parseXml(xml))
}

/** The same from an element inside another document, e.g. a snapshot's. */
export function domainOf(root: XmlElement): Domain {
  const uuid = textOf(find(root, 'uuid'))?.trim().toLowerCase()
  const name = textOf(find(root, 'name'))
  if (uuid === undefined || name === undefined) {
    throw new StillshotError('hypervisor-refused', 'the domain XML of libvirt has no uuid or name')
  }
  const devices = find(root, 'devices')
  const macs = childrenNamed(devices, 'interface').flatMap((nic) => find(nic, 'mac')?.attributes.address ?? [])
  return {
    uuid,
    name,
    macs: macs.map((mac) => mac.toLowerCase()),
    disks: childrenNamed(devices, 'disk').map(diskOf),
    passthrough: childrenNamed(devices, 'hostdev')
      .map((device) => device.attributes.type ?? '')
      .filter((type) => type === 'scsi' || type === 'scsi_host'),
  }
}

/**
 * The definition with other images under its disks (target -> path of a qcow2 image). Each `<backingStore>` goes:
 * libvirt then reads the chain from the images themselves, as it must after they changed.
 */
export function withImages(xml: string, images: ReadonlyMap<string, string>): string {
  return formatXml(elementWithImages(parseXml(xml), images, 'qcow2'))
}

/** The same on an element; `format` undefined keeps the driver's. */
export function elementWithImages(
  root: XmlElement,
  images: ReadonlyMap<string, string>,
  format: string | ((path: string) => string),
): XmlElement {
  return mapChildren(root, 'devices', (devices) =>
    mapChildren(devices, 'disk', (disk) => {
      const target = find(disk, 'target')?.attributes.dev ?? ''
      const image = images.get(target)
      if (image === undefined) return disk
      const driver = typeof format === 'string' ? format : format(image)
      return diskOnImage(disk, image, driver)
    }),
  )
}

function diskOnImage(disk: XmlElement, image: string, format: string): XmlElement {
  const bare = mapChildren(disk, 'backingStore', () => undefined)
  const driven = mapChildren(bare, 'driver', (driver) => ({
    ...driver,
    attributes: { ...driver.attributes, type: format },
  }))
  const block = isBlockDevice(image)
  const placed = mapChildren(driven, 'source', (source) => {
    const { file: _file, dev: _dev, index: _index, ...rest } = source.attributes
    return { ...source, attributes: block ? { dev: image, ...rest } : { file: image, ...rest } }
  })
  return { ...placed, attributes: { ...placed.attributes, type: block ? 'block' : 'file' } }
}

/** By place: libvirt wants to be told, and the image may not be there yet. */
export function isBlockDevice(path: string): boolean {
  return path.startsWith('/dev/')
}

function diskOf(disk: XmlElement): DomainDisk {
  const source = find(disk, 'source')
  const target = find(disk, 'target')?.attributes
  const serial = textOf(find(disk, 'serial'))
  const image = source?.attributes.file ?? source?.attributes.dev
  const { snapshot } = disk.attributes
  const mirror = find(disk, 'mirror')
  return {
    target: target?.dev ?? '',
    bus: target?.bus ?? 'unknown',
    ...(serial === undefined || serial === '' ? {} : { serial }),
    address: addressOf(find(disk, 'address')),
    device: disk.attributes.device ?? 'disk',
    type: disk.attributes.type ?? 'file',
    format: find(disk, 'driver')?.attributes.type ?? 'raw',
    ...(image === undefined ? {} : { image }),
    chain: image === undefined ? [] : [image, ...backingOf(disk)],
    ...(mirror === undefined ? {} : { mirror: mirror.attributes.ready === 'yes' ? 'ready' : 'copying' }),
    readOnly: find(disk, 'readonly') !== undefined,
    shareable: find(disk, 'shareable') !== undefined,
    transient: find(disk, 'transient') !== undefined,
    encrypted: find(disk, 'encryption') !== undefined || find(source, 'encryption') !== undefined,
    ...(snapshot === undefined ? {} : { snapshot }),
  }
}

function backingOf(element: XmlElement): readonly string[] {
  const backing = find(element, 'backingStore')
  const source = find(backing, 'source')?.attributes
  const path = source?.file ?? source?.dev
  return backing === undefined || path === undefined ? [] : [path, ...backingOf(backing)]
}

const ADDRESS_PARTS = ['domain', 'controller', 'bus', 'target', 'slot', 'unit', 'function']

function addressOf(address: XmlElement | undefined): string {
  return ADDRESS_PARTS.map((part) => Number(address?.attributes[part] ?? 0))
    .map((number) => String(number).padStart(6, '0'))
    .join('.')
}
