import { formatInstant } from '../../../src/system/instant.ts'
import { type DomainDisk, domainOf, elementWithImages } from './domain-xml.ts'
import { childrenNamed, find, formatXml, mapChildren, parseXml, putChild, textOf, type XmlElement } from './xml-tree.ts'

/** What a snapshot's XML says (libvirt: formatsnapshot.html); read here and nowhere else. */
export interface DomainSnapshot {
  readonly name: string
  readonly description: string
  readonly parent?: string
  readonly createdAt: string
  readonly disks: readonly SnapshotDisk[]
  readonly withMemory: boolean
  /** Every overlay that libvirt records as made for this snapshot or for a revert to it. */
  readonly overlays: readonly string[]
}

export interface SnapshotDisk {
  readonly target: string
  readonly kind: 'external' | 'internal'
  /** The image that holds the state; for external ones the image that was active until then. */
  readonly frozen?: string
  /** Format of that image as libvirt recorded it, `raw` where it says none; never what the image's first bytes say. */
  readonly format: string
}

export function readSnapshot(xml: string): DomainSnapshot {
  const root = parseXml(xml)
  const domain = find(root, 'domain')
  const recorded = new Map(domain === undefined ? [] : domainOf(domain).disks.map((disk) => [disk.target, disk]))
  const parent = textOf(find(root, 'parent', 'name'))
  return {
    name: textOf(find(root, 'name')) ?? '',
    description: textOf(find(root, 'description')) ?? '',
    ...(parent === undefined ? {} : { parent }),
    createdAt: formatInstant(Number(textOf(find(root, 'creationTime')) ?? 0) * 1000),
    withMemory: ['internal', 'external'].includes(find(root, 'memory')?.attributes.snapshot ?? 'no'),
    disks: childrenNamed(find(root, 'disks'), 'disk').flatMap((disk) => diskOf(disk, recorded)),
    overlays: [...overlaysIn(find(root, 'disks')), ...overlaysIn(find(root, 'revertDisks'))],
  }
}

/** The same snapshot with another description. */
export function withDescription(xml: string, description: string): string {
  return formatXml(putChild(parseXml(xml), { name: 'description', attributes: {}, children: [description] }))
}

/** The same snapshot standing on other images (target -> path), after a merge moved them. */
export function withFrozenImages(
  xml: string,
  images: ReadonlyMap<string, string>,
  formatOf: (path: string) => string,
): string {
  let root = parseXml(xml)
  for (const name of ['domain', 'inactiveDomain']) {
    root = mapChildren(root, name, (domain) => elementWithImages(domain, images, formatOf))
  }
  return formatXml(root)
}

/** The same snapshot with other overlays (target -> path): what lies over it after a roll back to it. */
export function withOverlays(xml: string, overlays: ReadonlyMap<string, string>): string {
  return formatXml(mapChildren(parseXml(xml), 'disks', (disks) => diskList('disks', disks, overlays)))
}

/**
 * The same snapshot with `<revertDisks>`, libvirt's own record (10.0 and later) that a snapshot with children was
 * rolled back to. Older versions drop it silently.
 */
export function withRevertDisks(xml: string, overlays: ReadonlyMap<string, string>): string {
  const root = parseXml(xml)
  const disks = find(root, 'disks')
  return disks === undefined ? xml : formatXml(putChild(root, diskList('revertDisks', disks, overlays)))
}

export function hasRevertDisks(xml: string): boolean {
  return find(parseXml(xml), 'revertDisks') !== undefined
}

function diskList(name: string, disks: XmlElement, overlays: ReadonlyMap<string, string>): XmlElement {
  const children = childrenNamed(disks, 'disk').map((disk) => {
    const overlay = overlays.get(disk.attributes.name ?? '')
    if (overlay === undefined) return disk
    const driver: XmlElement = { name: 'driver', attributes: { type: 'qcow2' }, children: [] }
    const source: XmlElement = { name: 'source', attributes: { file: overlay }, children: [] }
    return { ...disk, attributes: { ...disk.attributes, type: 'file' }, children: [driver, source] }
  })
  return { name, attributes: {}, children }
}

function overlaysIn(disks: XmlElement | undefined): readonly string[] {
  return childrenNamed(disks, 'disk').flatMap((disk) => {
    const source = find(disk, 'source')?.attributes
    return disk.attributes.snapshot === 'external' ? (source?.file ?? source?.dev ?? []) : []
  })
}

function diskOf(disk: XmlElement, recorded: ReadonlyMap<string, DomainDisk>): readonly SnapshotDisk[] {
  const { name: target, snapshot: kind } = disk.attributes
  if (target === undefined || (kind !== 'external' && kind !== 'internal')) return []
  const { image, format = 'raw' } = recorded.get(target) ?? {}
  return [{ target, kind, format, ...(image === undefined ? {} : { frozen: image }) }]
}
