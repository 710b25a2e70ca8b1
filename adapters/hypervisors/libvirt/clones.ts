import { existsSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { StillshotError } from '../../../src/errors.ts'
import type { CloneRequest, Clones } from '../../../src/hypervisor/clones.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { runWithXml } from './change-xml.ts'
import { checkClone } from './check-clone.ts'
import { cloneXml, readCloneMark } from './clone-xml.ts'
import { readDomain } from './domain-xml.ts'
import { findVm, listDomains } from './find-vm.ts'
import type { LibvirtHost } from './host.ts'
import { layOverlays } from './lay-overlays.ts'
import { isAlreadyInState } from './libvirt-errors.ts'
import { type OverlayPlan, planOverlays } from './roll-back-plan.ts'
import { readVmState, type StoredSnapshot, snapshotNamed, type VmState } from './vm-state.ts'
import { wholeCall } from './whole-call.ts'

/**
 * A copy is a domain on overlays of its own over the images that the snapshot froze: nothing is copied, and what it writes
 * lies in files that end in its name. It is defined first and undefined last, so that there is no file without a definition
 * that says whose it is.
 */
export function clones(host: LibvirtHost): Clones {
  return {
    check: (vm, request, options) =>
      wholeCall('question', options, async (within) => {
        const { state, snapshot } = await look(host, vm, request, within)
        return checkClone(host, vm, { state, snapshot, request }, within)
      }),
    create: (vm, request, options) => wholeCall('change', options, (within) => create(host, vm, request, within)),
    find: (vm, name, options) => wholeCall('question', options, (within) => find(host, vm, name, within)),
    remove: (vm, name, options) => wholeCall('change', options, (within) => remove(host, vm, name, within)),
  }
}

interface Looked {
  readonly state: VmState
  readonly snapshot: StoredSnapshot
}

async function look(host: LibvirtHost, vm: Vm, { snapshotName }: CloneRequest, options: CallOptions): Promise<Looked> {
  const state = await readVmState(host, vm, options)
  return { state, snapshot: snapshotNamed(vm, state, snapshotName) }
}

async function create(host: LibvirtHost, vm: Vm, request: CloneRequest, options: CallOptions): Promise<void> {
  const looked = await look(host, vm, request, options)
  const plan = planClone(host, vm, looked, request.name)
  const xml = cloneXml(looked.snapshot.xml, {
    name: request.name,
    mark: { source: vm.nativeId, snapshot: request.snapshotName },
    overlays: plan.overlays,
    ...(request.memoryBytes === undefined ? {} : { memoryBytes: request.memoryBytes }),
  })
  const doing = `define ${request.name}, a copy of ${vm.name}`
  await runWithXml(host, xml, (path) => [['define', path]], { ...options, doing, change: true })
  await layOverlays(looked.state.definition.disks, plan, options)
}

/** Rejects where the snapshot cannot be copied, or the images are on another machine. */
function planClone(host: LibvirtHost, vm: Vm, { state, snapshot }: Looked, name: string): OverlayPlan {
  if (!host.local) {
    throw new StillshotError('not-supported', `the images of ${vm.name} are on another machine: ${host.uri}`, {
      hint: 'run stillshot on the host itself',
    })
  }
  return planOverlays(vm, state, snapshot, { ending: ending(name), folder: host.overlayFolder, use: 'copied' })
}

function ending(name: string): string {
  return `copy-${name}`
}

interface Found {
  readonly uuid: string
  /** Undefined for what is no copy of ours. */
  readonly source: string | undefined
  readonly images: readonly string[]
}

async function findNamed(host: LibvirtHost, name: string, options: CallOptions): Promise<Found | undefined> {
  const domain = (await listDomains(host, options)).find((one) => one.name === name)
  if (domain === undefined) return undefined
  const request = { ...options, doing: `look at ${name}` }
  const [xml = ''] = await host.session.run([['dumpxml', domain.uuid, '--inactive']], request)
  const images = readDomain(xml).disks.flatMap(({ image }) => image ?? [])
  return { uuid: domain.uuid, source: readCloneMark(xml)?.source, images }
}

async function find(host: LibvirtHost, vm: Vm, name: string, options: CallOptions): Promise<Vm | undefined> {
  const found = await findNamed(host, name, options)
  if (found === undefined || found.source !== vm.nativeId) return undefined
  // The last thing that is made of an overlay is its name.
  return found.images.every((image) => existsSync(image)) ? findVm(host, found.uuid, options) : undefined
}

async function remove(host: LibvirtHost, vm: Vm, name: string, options: CallOptions): Promise<void> {
  const found = await findNamed(host, name, options)
  if (found === undefined) return
  if (found.source !== vm.nativeId) {
    throw new StillshotError('hypervisor-refused', `${name} is no copy of ${vm.name} that stillshot made`)
  }
  const request = { ...options, doing: `remove ${name}, a copy of ${vm.name}`, change: true }
  await host.session.run([['destroy', found.uuid]], request).catch((error) => {
    if (!isAlreadyInState(error)) throw error
  })
  // Somebody may have given it another disk meanwhile, which is not ours.
  const own = found.images.filter((image) => image.endsWith(`.${ending(name)}`))
  for (const image of own.flatMap((path) => [path, `${path}.new`])) {
    await unlink(image).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
  }
  const undefine = ['undefine', found.uuid, '--managed-save', '--snapshots-metadata', '--nvram']
  await host.session.run([undefine], request).catch((error) => {
    if (!(error instanceof StillshotError && error.code === 'vm-not-found')) throw error
  })
}
