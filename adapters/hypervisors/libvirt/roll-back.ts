import { unlink } from 'node:fs/promises'
import { StillshotError } from '../../../src/errors.ts'
import type { Finding } from '../../../src/finding.ts'
import type { RollBackRequest, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { runWithXml } from './change-xml.ts'
import { checkRollBack } from './check-roll-back.ts'
import { withImages } from './domain-xml.ts'
import type { LibvirtHost } from './host.ts'
import { readImageGraph } from './image-graph.ts'
import { layOverlays } from './lay-overlays.ts'
import { isAlreadyInState } from './libvirt-errors.ts'
import { isSettled, unsettled } from './list-snapshots.ts'
import { frozenImages, isRolledBack, type OverlayPlan, planRollBack, strayOverlays } from './roll-back-plan.ts'
import { tidyAfterRollBack } from './roll-back-tidy.ts'
import { readVmState, snapshotNamed, type VmState } from './vm-state.ts'

/**
 * By hand on every version of libvirt (docs/decisions/0004-libvirt-roll-back-by-hand.md): stop, lay a new overlay on
 * each image that the snapshot froze, and then one `define` that points the VM at all of them: before it nothing has
 * changed, after it everything has.
 */
export async function rollBack(host: LibvirtHost, vm: Vm, request: RollBackRequest, options: CallOptions = {}) {
  const state = await readVmState(host, vm, options)
  const graph = await readImageGraph(host, imagesOf(state), options)
  if (!isRolledBack(state, graph, request.token)) {
    const obstacle = (await checkRollBack(host, vm, request.snapshotName, options)).find(isRefusal)
    if (obstacle !== undefined) throw refusal(obstacle)
    const snapshot = snapshotNamed(vm, state, request.snapshotName)
    const plan = planRollBack(vm, state, snapshot, request.token, host.overlayFolder)
    await stop(host, vm, options)
    await layOverlays(state.definition.disks, plan, options)
    await defineOnOverlays(host, vm, plan, options)
  }
  await tidyAfterRollBack(host, vm, request, options)
}

/** Looks where the definition points; what a half roll back left goes. Idempotent. */
export async function settleRollBack(
  host: LibvirtHost,
  vm: Vm,
  request: RollBackRequest,
  options: CallOptions = {},
): Promise<'rolled-back' | 'untouched'> {
  if (!(await isSettled(host, vm, options))) throw unsettled(vm)
  const state = await readVmState(host, vm, options)
  const graph = await readImageGraph(host, imagesOf(state), options)
  for (const stray of strayOverlays(graph, request.token)) await unlink(stray)
  if (!isRolledBack(state, graph, request.token)) return 'untouched'
  await tidyAfterRollBack(host, vm, request, options)
  return 'rolled-back'
}

function isRefusal(finding: Finding): boolean {
  return finding.severity === 'refuse'
}

function refusal(finding: Finding): StillshotError {
  return new StillshotError(finding.error ?? 'hypervisor-refused', finding.message, { hint: finding.hint })
}

/** Every image whose folder may hold files of a roll back. */
function imagesOf(state: VmState): readonly string[] {
  return [...frozenImages(state), ...state.definition.disks.flatMap((disk) => disk.image ?? [])]
}

async function stop(host: LibvirtHost, vm: Vm, options: CallOptions): Promise<void> {
  const request = { ...options, doing: `stop ${vm.name}`, change: true }
  await host.session.run([['destroy', vm.nativeId]], request).catch((error) => {
    if (!isAlreadyInState(error)) throw error
  })
}

/** The commit point. */
async function defineOnOverlays(host: LibvirtHost, vm: Vm, plan: OverlayPlan, options: CallOptions): Promise<void> {
  const request = { ...options, doing: `put ${vm.name} on the images of its snapshot`, change: true }
  const [xml = ''] = await host.session.run([['dumpxml', vm.nativeId, '--inactive', '--security-info']], request)
  await runWithXml(host, withImages(xml, plan.overlays), (path) => [['define', path]], request)
}
