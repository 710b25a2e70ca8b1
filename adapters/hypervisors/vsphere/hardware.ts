import type { VmDisk } from '../../../src/hypervisor/hypervisor.ts'
import { field, flag, list, number, type Ref, ref, text, typeOf, type Value } from './values.ts'

/** What stands in a VM's, or a snapshot's, list of virtual devices. */
export interface Hardware {
  readonly disks: readonly Disk[]
  readonly macs: readonly string[]
}

/** A disk with what decides whether it can be in a snapshot, which only vSphere has. */
export interface Disk extends VmDisk {
  /** For people: the file on its datastore. */
  readonly file: string
  readonly datastore: Ref | undefined
}

interface Controller {
  readonly bus: string
  readonly number: number
  /** Shared with another VM, and in which way; undefined when it is not. */
  readonly shared: string | undefined
}

/** `uuidEnabled`: whether the guest sees the disks' UUIDs as their serials (`disk.EnableUUID`). */
export function readHardware(devices: Value, uuidEnabled: boolean): Hardware {
  const all = list(field(devices, 'VirtualDevice'))
  const controllers = new Map(all.flatMap(readController))
  const disks = all.filter((device) => typeOf(device) === 'VirtualDisk')
  return {
    disks: disks.map((device) => readDisk(device, controllers, uuidEnabled)).toSorted(inOrder),
    macs: all.map((device) => text(field(device, 'macAddress')).toLowerCase()).filter((mac) => mac !== ''),
  }
}

/** A network card among the virtual devices: its type and its key. */
export interface Card {
  readonly type: string
  readonly key: string
}

export function cardsIn(devices: Value): readonly Card[] {
  return list(field(devices, 'VirtualDevice'))
    .filter((device) => text(field(device, 'macAddress')) !== '')
    .map((device) => ({ type: typeOf(device), key: text(field(device, 'key')) }))
}

/** The disks that a snapshot with this hardware contains. */
export function containedDisks({ disks }: Hardware): readonly string[] {
  return disks.filter(({ covered }) => covered).map(({ id }) => id)
}

const BUSES: readonly (readonly [RegExp, string])[] = [
  [/IDE/, 'ide'],
  [/AHCI|SATA/, 'sata'],
  [/NVME/, 'nvme'],
  [/SCSI|Lsi|BusLogic/, 'scsi'],
]

function readController(device: Value): readonly [string, Controller][] {
  const [, bus] = BUSES.find(([pattern]) => pattern.test(typeOf(device))) ?? []
  if (bus === undefined) return []
  const sharing = text(field(device, 'sharedBus'))
  const shared = sharing === '' || sharing === 'noSharing' ? undefined : sharing
  return [[text(field(device, 'key')), { bus, number: number(field(device, 'busNumber')), shared }]]
}

function readDisk(device: Value, controllers: ReadonlyMap<string, Controller>, uuidEnabled: boolean): Disk {
  const backing = field(device, 'backing')
  const controller = controllers.get(text(field(device, 'controllerKey'))) ?? {
    bus: 'unknown',
    number: 0,
    shared: undefined,
  }
  const unit = number(field(device, 'unitNumber'))
  const uuid = text(field(backing, 'uuid')).replaceAll(/[-\s]/g, '').toLowerCase()
  const reason = whyNotCovered(backing, controller)
  return {
    id: `${controller.bus}${controller.number}:${unit}`,
    bus: controller.bus,
    // The serials of SATA and NVMe disks are others, and guests count their places in an order of their own.
    ...(controller.bus === 'scsi' && uuidEnabled && uuid !== '' ? { serial: uuid } : {}),
    ...(controller.bus === 'scsi' || controller.bus === 'ide' ? { unit } : {}),
    sizeBytes: sizeOf(device),
    covered: reason === undefined,
    ...(reason === undefined ? {} : { uncoveredReason: reason }),
    file: text(field(backing, 'fileName')) || text(field(backing, 'deviceName')),
    datastore: ref(field(backing, 'datastore')),
  }
}

function sizeOf(device: Value): number {
  return number(field(device, 'capacityInBytes')) || number(field(device, 'capacityInKB')) * 1024
}

/** As the end of a sentence that begins with the disk. */
function whyNotCovered(backing: Value, { shared }: Controller): string | undefined {
  const [kind, mode] = [typeOf(backing), text(field(backing, 'diskMode'))]
  if (/RawDiskMapping/.test(kind) && text(field(backing, 'compatibilityMode')) !== 'virtualMode') {
    return 'is a raw device mapping in physical mode: change it to virtual mode, or move the data to a virtual disk'
  }
  if (/PartitionedRawDisk|RawDisk(?!Mapping)|LocalPMem/.test(kind))
    return 'is a device of the host: move the data to a virtual disk'
  if (mode.startsWith('independent')) {
    return `is independent (${mode}): power the VM off and set its mode to Dependent`
  }
  if (/^(nonpersistent|undoable|append)$/.test(mode))
    return `drops or holds back its changes (${mode}): set its mode to Dependent`
  if (shared !== undefined)
    return `is on a controller that is shared with other VMs (${shared}): set its bus sharing to None`
  if (text(field(backing, 'sharing')) === 'sharingMultiWriter') {
    return 'is shared with other VMs (multi-writer): set its sharing to No sharing'
  }
  return undefined
}

function inOrder(one: Disk, other: Disk): number {
  return one.id.localeCompare(other.id, 'en', { numeric: true })
}

/** The flag of newer hardware, or the line of the VM's configuration that sets it. */
export function isUuidEnabled(flags: Value, extraConfig: Value): boolean {
  const line = list(field(extraConfig, 'OptionValue')).find((each) =>
    /^disk\.enableuuid$/i.test(text(field(each, 'key'))),
  )
  return flag(field(flags, 'diskUuidEnabled')) || /^(true|1|yes)$/i.test(text(field(line, 'value')))
}
