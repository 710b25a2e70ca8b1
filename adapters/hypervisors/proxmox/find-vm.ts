import { StillshotError } from '../../../src/errors.ts'
import type { Vm, VmDisk } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { type Cluster, listResources, onNode, type Resource, vmApi } from './cluster.ts'
import { coverageOf, type StorageView, viewStorage } from './coverage.ts'
import { powerOf, readStatus } from './power.ts'
import { isCode } from './run-task.ts'
import { type Config, type Drive, drivesOf, macsOf, mountOf, sizeOf, uuidOf } from './vm-config.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** By vmid, name, or SMBIOS UUID. Only a reference that looks like a UUID makes every VM's configuration be read. */
export async function findVm(cluster: Cluster, reference: string, call: Call): Promise<Vm> {
  const resources = await listResources(cluster, call)
  const named = resources.filter(({ vmid, name }) => String(vmid) === reference || name === reference)
  const carriers = UUID.test(reference) ? await withUuid(cluster, resources, reference, call) : []
  const found = [...new Set([...named, ...carriers])]
  const [first] = found
  if (first === undefined) {
    throw new StillshotError('vm-not-found', `${cluster.name} has no VM ${reference}`, {
      details: { names: resources.map(({ name }) => name) },
      hint: 'name the VM by its vmid; the credentials see only VMs on which they have VM.Audit',
    })
  }
  if (found.length > 1) {
    const who = found.map(({ vmid, name }) => `${vmid} (${name})`).join(', ')
    throw new StillshotError('vm-ambiguous', `${reference} means ${who}`)
  }
  return readVm(cluster, first, call)
}

/** Of the VMs that the credentials may see. */
export async function countUuid(cluster: Cluster, uuid: string, call: Call): Promise<number> {
  return (await withUuid(cluster, await listResources(cluster, call), uuid, call)).length
}

async function withUuid(cluster: Cluster, resources: readonly Resource[], uuid: string, call: Call) {
  const looked = await Promise.all(
    resources.map(async (resource) => {
      const config = await readConfig(cluster, vmOf(resource), call).catch((error: unknown) => {
        // Gone between the list and the look.
        if (isCode(error, 'vm-not-found')) return {}
        throw error
      })
      return uuidOf(config) === uuid.toLowerCase() ? [resource] : []
    }),
  )
  return looked.flat()
}

function vmOf({ vmid, name }: Resource) {
  return { nativeId: String(vmid), name }
}

/** As it is now, without changes that wait for the next start. */
export async function readConfig(cluster: Cluster, vm: Pick<Vm, 'nativeId' | 'name'>, call: Call): Promise<Config> {
  const errand = { call, doing: `read the configuration of ${vm.name}` }
  return onNode(cluster, vm, call, async (node) => ({
    ...(await vmApi(cluster, vm, node, errand).config.$get({ current: true })),
  }))
}

async function readVm(cluster: Cluster, resource: Resource, call: Call): Promise<Vm> {
  const vm = vmOf(resource)
  const config = await readConfig(cluster, vm, call)
  const [status, storage] = await Promise.all([readStatus(cluster, vm, call), viewStorage(cluster, vm, config, call)])
  return { ...vm, ...describe(cluster, config, storage), power: powerOf(status) }
}

function describe(cluster: Cluster, config: Config, storage: StorageView): Omit<Vm, 'nativeId' | 'name' | 'power'> {
  const drives = drivesOf(config)
  return {
    hypervisor: cluster.name,
    uuid: uuidOf(config),
    macs: macsOf(config),
    disks: drives.map((drive) => diskOf(drive, drives, storage)),
  }
}

function diskOf(drive: Drive, all: readonly Drive[], storage: StorageView): VmDisk {
  const serial = serialOf(drive)
  return {
    id: drive.id,
    bus: drive.bus,
    ...mountPoint(drive),
    ...(serial === undefined ? {} : { serial }),
    ...(mountOf(drive) === undefined ? { unit: unitOf(drive, all) } : {}),
    sizeBytes: sizeOf(drive),
    ...coverageOf(drive, storage),
  }
}

/** A container sees no disks: it sees the volume as the source of what is mounted there. */
function mountPoint(drive: Drive): Pick<VmDisk, 'mountPoint'> {
  const path = mountOf(drive)
  if (path === undefined) return {}
  const volume =
    drive.volume
      .replace(/^[^:/]+:/, '')
      .split('/')
      .at(-1) ?? ''
  return { mountPoint: { path, volume } }
}

/** A SCSI disk without a serial of its own shows the name that Proxmox VE gives to its drive. */
function serialOf({ id, bus, options }: Drive): string | undefined {
  if (options.serial !== undefined) return decoded(options.serial)
  return bus === 'scsi' ? `drive-${id}` : undefined
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Guests know a SCSI disk by its number, and a virtio disk by its rank among its like. */
function unitOf(drive: Drive, all: readonly Drive[]): number {
  if (drive.bus !== 'virtio') return drive.index
  return all.filter(({ bus }) => bus === 'virtio').findIndex(({ id }) => id === drive.id)
}
