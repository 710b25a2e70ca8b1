import { StillshotError } from '../../../src/errors.ts'
import { type CloneMark, cloneUuid, markElement } from './clone-mark.ts'
import { elementWithImages } from './domain-xml.ts'
import { childrenNamed, find, formatXml, mapChildren, parseXml, putChild, textOf, type XmlElement } from './xml-tree.ts'

/** What of a definition a copy has, too. Whatever reaches out of the machine is not among it. */
const PARTS = [
  'memory',
  'currentMemory',
  'vcpu',
  'iothreads',
  'iothreadids',
  'sysinfo',
  'os',
  'features',
  'cpu',
  'clock',
]
const ENDS = ['on_poweroff', 'on_reboot', 'on_crash', 'pm']
const DEVICES = [
  'emulator',
  'controller',
  'disk',
  'serial',
  'channel',
  'rng',
  'memballoon',
  'video',
  'input',
  'iommu',
  'panic',
]

const AGENT = 'org.qemu.guest_agent.0'
export interface CloneDefinition {
  readonly name: string
  readonly mark: CloneMark
  /** Disk (target) -> its overlay; a disk without one is not in the copy. */
  readonly overlays: ReadonlyMap<string, string>
  readonly memoryBytes?: number
  /** For a person: its serial port can be written to, from the host. */
  readonly console?: boolean
}

/**
 * The definition of a copy, from the one that the snapshot keeps (`snapshot-dumpxml`): a UUID of its own,
 * which follows from its name; no network card, console, device of the host or argument for QEMU; the agent's channel stays. Pure.
 */
export function cloneXml(
  snapshotXml: string,
  { name, mark, overlays, memoryBytes, console: hasConsole = false }: CloneDefinition,
): string {
  const snapshot = parseXml(snapshotXml)
  const kept = find(snapshot, 'inactiveDomain') ?? find(snapshot, 'domain')
  if (kept === undefined) {
    throw new StillshotError('snapshot-unsupported', `snapshot ${mark.snapshot} keeps no definition of its VM`)
  }
  const parts = kept.children.filter((part) => typeof part !== 'string' && [...PARTS, ...ENDS].includes(part.name))
  const root: XmlElement = {
    name: 'domain',
    attributes: { type: kept.attributes.type ?? 'kvm' },
    children: [
      { name: 'name', attributes: {}, children: [name] },
      { name: 'uuid', attributes: {}, children: [cloneUuid(mark.id)] },
      { name: 'metadata', attributes: {}, children: [markElement(mark)] },
      ...parts,
      ...childrenNamed(kept, 'devices').map((devices) => devicesOf(devices, overlays, hasConsole ? 'pty' : 'null')),
      // One that libvirt made for the VM that ran is not the copy's.
      ...childrenNamed(kept, 'seclabel').filter(({ attributes }) => attributes.type !== 'dynamic'),
    ],
  }
  const bare = mapChildren(mapChildren(root, 'os', withoutVariables), 'sysinfo', withoutUuid)
  const small = memoryBytes === undefined ? bare : withMemory(bare, Math.floor(memoryBytes / 1024))
  return formatXml(elementWithImages(small, overlays, 'qcow2'))
}

function devicesOf(devices: XmlElement, overlays: ReadonlyMap<string, string>, serial: 'pty' | 'null'): XmlElement {
  const children = devices.children.flatMap((device) => {
    if (typeof device === 'string' || !DEVICES.includes(device.name)) return []
    const target = find(device, 'target')?.attributes
    if (device.name === 'disk') return overlays.has(target?.dev ?? '') ? [withoutJobs(device)] : []
    if (device.name === 'channel') return target?.name === AGENT ? [agentChannel] : []
    // A kernel that writes to a console finds it, and in a drill nobody reads what is written.
    if (device.name === 'serial') return [{ ...device, attributes: { type: serial }, children: ownChildren(device) }]
    return [device]
  })
  return { ...devices, children }
}

const agentChannel: XmlElement = {
  name: 'channel',
  attributes: { type: 'unix' },
  children: [{ name: 'target', attributes: { type: 'virtio', name: AGENT }, children: [] }],
}

function ownChildren(device: XmlElement): XmlElement['children'] {
  return childrenNamed(device, 'target')
}

function withoutJobs(disk: XmlElement): XmlElement {
  return mapChildren(disk, 'mirror', () => undefined)
}

/** The file of firmware variables is the VM's own; libvirt makes a new one from the template. */
function withoutVariables(os: XmlElement): XmlElement {
  return mapChildren(os, 'nvram', ({ attributes: { template } }) =>
    template === undefined ? undefined : { name: 'nvram', attributes: { template }, children: [] },
  )
}

/** It would have to be the copy's own. */
function withoutUuid(sysinfo: XmlElement): XmlElement {
  return mapChildren(sysinfo, 'system', (system) =>
    mapChildren(system, 'entry', (entry) => (entry.attributes.name === 'uuid' ? undefined : entry)),
  )
}

/** Never more than the VM has; with NUMA cells, which add up to all of it, as much. */
function withMemory(root: XmlElement, kib: number): XmlElement {
  const memory = find(root, 'memory')
  const own = Number(textOf(memory) ?? 0)
  const isKib = (memory?.attributes.unit ?? 'KiB') === 'KiB'
  if (find(root, 'cpu', 'numa') !== undefined || !isKib || own <= kib) return root
  const text = { attributes: { unit: 'KiB' }, children: [String(kib)] }
  return putChild(putChild(root, { name: 'memory', ...text }), { name: 'currentMemory', ...text })
}

/** Memory that the copy of this definition would have unless told otherwise, in bytes; undefined when it is not said. */
export function memoryOf(snapshotXml: string): number | undefined {
  const snapshot = parseXml(snapshotXml)
  const kib = Number(textOf(find(find(snapshot, 'inactiveDomain') ?? find(snapshot, 'domain'), 'memory')))
  return Number.isFinite(kib) ? kib * 1024 : undefined
}

/** Whether the VM starts from UEFI variables of its own, which a snapshot does not contain. */
export function hasVariables(snapshotXml: string): boolean {
  return find(parseXml(snapshotXml), 'domain', 'os', 'nvram') !== undefined
}
