import { existsSync } from 'node:fs'
import { StillshotError } from '../../../src/errors.ts'
import type { CloneRequest, Clones } from '../../../src/hypervisor/clones.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { reachByHand } from './by-hand.ts'
import { runWithXml } from './change-xml.ts'
import { checkClone, notLocal } from './check-clone.ts'
import { cloneXml } from './clone-xml.ts'
import { cloneEnding, destroyClone } from './destroy-clone.ts'
import { findClone } from './find-clone.ts'
import { findVm } from './find-vm.ts'
import type { LibvirtHost } from './host.ts'
import { keepClone, listKept, removeKept } from './keep-clone.ts'
import { layOverlays } from './lay-overlays.ts'
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
    keep: (vm, name, as, options) =>
      wholeCall('change', options, (within) => keepClone(host, vm, { name, as }, within)),
    listKept: (options) => wholeCall('question', options, (within) => listKept(host, within)),
    removeKept: (copy, options) => wholeCall('change', options, (within) => removeKept(host, copy, within)),
    checkStorage: async () => (host.local ? [] : [notLocal(host)]),
    reach: ({ name }) => reachByHand(host.uri, name),
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
  // To define what is there already, under its own UUID, would be no error: it would be changed.
  if ((await findClone(host, request.name, options)) !== undefined) {
    throw new StillshotError(
      'hypervisor-refused',
      `there is a VM ${request.name} already, or a copy that was made as that`,
    )
  }
  const plan = planClone(host, vm, looked, request.name)
  const xml = cloneXml(looked.snapshot.xml, {
    name: request.name,
    mark: {
      ...{ source: vm.nativeId, snapshot: request.snapshotName, id: request.name },
      ...(request.as === undefined ? {} : { as: request.as }),
    },
    overlays: plan.overlays,
    console: request.as !== undefined,
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
  return planOverlays(vm, state, snapshot, { ending: cloneEnding(name), folder: host.overlayFolder, use: 'copied' })
}

async function find(host: LibvirtHost, vm: Vm, name: string, options: CallOptions): Promise<Vm | undefined> {
  const found = await findClone(host, name, options)
  if (found?.mark?.source !== vm.nativeId || found.mark.kept !== undefined) return undefined
  // The last thing that is made of an overlay is its name.
  return found.images.every((image) => existsSync(image)) ? findVm(host, found.uuid, options) : undefined
}

async function remove(host: LibvirtHost, vm: Vm, name: string, options: CallOptions): Promise<void> {
  const found = await findClone(host, name, options)
  if (found === undefined) return
  if (found.mark?.source !== vm.nativeId) {
    throw new StillshotError('hypervisor-refused', `${name} is no copy of ${vm.name} that stillshot made`)
  }
  if (found.mark.kept === undefined) await destroyClone(host, found, cloneEnding(name), options)
}
