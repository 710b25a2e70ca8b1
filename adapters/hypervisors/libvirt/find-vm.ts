import { StillshotError } from '../../../src/errors.ts'
import type { Vm, VmDisk } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { coverageOf } from './coverage.ts'
import { type Domain, readDomain } from './domain-xml.ts'
import type { LibvirtHost } from './host.ts'
import { powerOf } from './vm-state.ts'

interface Listed {
  readonly uuid: string
  /** Without blanks around it: virsh pads its columns with them. */
  readonly name: string
}

/** All domains, running or not. */
export async function listDomains(host: LibvirtHost, options: CallOptions = {}): Promise<readonly Listed[]> {
  const [list = ''] = await host.session.run([['list', '--all', '--uuid', '--name']], { ...options, doing: 'list VMs' })
  return list.split('\n').flatMap((line) => {
    const [, uuid, name = ''] = /^\s*([0-9a-f-]{36})(?:\s(.*))?$/i.exec(line) ?? []
    return uuid === undefined ? [] : [{ uuid: uuid.toLowerCase(), name: name.trim() }]
  })
}

/** By UUID or name; never by libvirt's running number, which the next start changes. */
export async function findVm(host: LibvirtHost, reference: string, options: CallOptions = {}): Promise<Vm> {
  const domains = await listDomains(host, options)
  const isUuid = (uuid: string) => uuid === reference.toLowerCase()
  const likely = domains.filter(({ uuid, name }) => isUuid(uuid) || name === reference.trim())
  const read: Vm[] = []
  for (const { uuid } of likely) read.push(await readVm(host, uuid, options))
  const found = read.filter(({ uuid, name }) => isUuid(uuid) || name === reference)
  const [first] = found
  if (first === undefined) {
    throw new StillshotError('vm-not-found', `${host.name} has no VM ${reference}`, {
      details: { names: domains.map(({ name }) => name) },
    })
  }
  if (found.length > 1) {
    const who = found.map(({ uuid, name }) => `${name} (${uuid})`).join(', ')
    throw new StillshotError('vm-ambiguous', `${reference} means ${who}`)
  }
  return first
}

async function readVm(host: LibvirtHost, uuid: string, options: CallOptions): Promise<Vm> {
  const [xml = '', state = '', sizes = ''] = await host.session.run(
    [
      ['dumpxml', uuid],
      ['domstate', uuid],
      ['domblkinfo', uuid, '--all'],
    ],
    { ...options, doing: `look at VM ${uuid}` },
  )
  const domain = readDomain(xml)
  return {
    hypervisor: host.name,
    nativeId: domain.uuid,
    name: domain.name,
    uuid: domain.uuid,
    power: powerOf(state),
    macs: domain.macs,
    disks: disksOf(domain, sizes),
  }
}

function disksOf(domain: Domain, sizes: string): readonly VmDisk[] {
  const bytes = new Map(sizes.split('\n').map((line) => readSize(line.trim().split(/\s+/))))
  const disks = domain.disks
    .filter((disk) => disk.device === 'disk' || disk.device === 'lun')
    .map((disk) => ({
      id: disk.target,
      bus: disk.bus,
      ...(disk.serial === undefined ? {} : { serial: disk.serial }),
      unit: unitOf(domain, disk.bus, disk.address, disk.target),
      sizeBytes: bytes.get(disk.target) ?? 0,
      ...coverageOf(disk),
    }))
  const passthrough = domain.passthrough.map((type, index) => ({
    id: `hostdev${index}`,
    bus: 'scsi',
    sizeBytes: 0,
    covered: false,
    uncoveredReason: `is a ${type} device of the host, passed through: give the VM a disk image instead`,
  }))
  return [...disks, ...passthrough]
}

function readSize(columns: readonly string[]): [string, number] {
  const bytes = Number(columns[1])
  return [columns[0] ?? '', Number.isFinite(bytes) ? bytes : 0]
}

function unitOf(domain: Domain, bus: string, address: string, target: string): number {
  const order = domain.disks
    .filter((disk) => disk.bus === bus)
    .toSorted((one, other) => compare(one.address, other.address))
  return order.findIndex((disk) => disk.address === address && disk.target === target)
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
