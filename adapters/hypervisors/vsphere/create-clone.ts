import { StillshotError } from '../../../src/errors.ts'
import type { CloneRequest } from '../../../src/hypervisor/clones.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { markLine } from './clone-mark.ts'
import { candidates, cloneNamed } from './find-clone.ts'
import { findVm } from './find-vm.ts'
import { type Card, cardsIn } from './hardware.ts'
import { encodedName } from './names.ts'
import { readObject } from './properties.ts'
import { settleLost } from './settle-lost.ts'
import { onVm, type Site } from './site.ts'
import { readTree, snapshotNamed } from './snapshot-tree.ts'
import { recentTasks, runTask } from './tasks.ts'
import { asValue, number, type Ref, ref } from './values.ts'
import { isCode } from './vsphere-errors.ts'

const MIB = 1024 ** 2
/** vSphere takes memory in pieces of this size only. */
const PIECE_MIB = 4

/**
 * A copy whose disks stand on those of the snapshot, beside its VM in folder, pool and datastores. Its cards are taken out
 * as it is made: there is no moment at which it could be started with one.
 */
export async function createClone(site: Site, vm: Vm, request: CloneRequest, call: Call): Promise<void> {
  const { name, snapshotName } = request
  const errand = { call, doing: `make ${name}, a copy of ${vm.name} at ${snapshotName}` }
  const snapshot = snapshotNamed(vm, await readTree(site, vm, call), snapshotName)
  // In one folder vSphere refuses a second one; in two it would not.
  if ((await candidates(site, (each) => each === name, call)).length > 0) {
    throw new StillshotError('hypervisor-refused', `${errand.doing}: there is a VM of this name already`)
  }
  const [place, cards, tasks] = await Promise.all([
    placeOf(site, vm, call),
    readObject(site.session, snapshot.object, ['config.hardware.device'], errand),
    recentTasks(site, vm, call, 'clone'),
  ])
  if (place.folder === undefined) {
    throw new StillshotError('not-supported', `${errand.doing}: vSphere shows no folder in which it could lie`)
  }
  const spec = {
    location: { diskMoveType: 'createNewChildDiskBacking' },
    template: false,
    config: configOf(vm, request, { memoryMib: place.memoryMib, cards: cardsIn(cards['config.hardware.device']) }),
    powerOn: false,
    snapshot: asValue(snapshot.object),
  }
  const fields = { folder: asValue(place.folder), name: encodedName(name), spec }
  try {
    await runTask(site, errand, () =>
      onVm(site, vm, call, (object) => site.session.call('CloneVM_Task', object, fields, errand)),
    )
  } catch (error) {
    if (!isCode(error, 'answer-lost') || call.signal.aborted) throw error
    const known = new Set(tasks.map(({ object }) => object.value))
    const isThere = async () => (await cloneNamed(site, vm, name, call)) !== undefined
    await settleLost(site, vm, { kind: 'clone', known, isThere, lost: error }, errand)
  }
  await assertApart(site, vm, name, call)
}

export interface Place {
  /** Undefined where vSphere shows none: the VM is in a vApp, or the folder may not be seen. */
  readonly folder: Ref | undefined
  readonly pool: Ref | undefined
  readonly memoryMib: number
}

export async function placeOf(site: Site, vm: Vm, call: Call): Promise<Place> {
  const errand = { call, doing: `look where ${vm.name} lies` }
  const paths = ['parent', 'resourcePool', 'config.hardware.memoryMB']
  const properties = await onVm(site, vm, call, (object) => readObject(site.session, object, paths, errand))
  return {
    folder: ref(properties.parent),
    pool: ref(properties.resourcePool),
    memoryMib: number(properties['config.hardware.memoryMB']),
  }
}

function configOf(
  vm: Vm,
  { name, snapshotName, memoryBytes }: CloneRequest,
  { memoryMib, cards }: { readonly memoryMib: number; readonly cards: readonly Card[] },
): object {
  const wanted = memoryBytes === undefined ? memoryMib : Math.floor(memoryBytes / MIB / PIECE_MIB) * PIECE_MIB
  return {
    annotation: `copy of ${vm.name} at snapshot ${snapshotName}, made by stillshot and removed by it`,
    ...(wanted < memoryMib ? { memoryMB: Math.max(PIECE_MIB, wanted) } : {}),
    deviceChange: cards.map(({ type, key }) => ({
      operation: 'remove',
      device: { attributes: { 'xsi:type': type }, key },
    })),
    extraConfig: markLine({ name, source: vm.nativeId, snapshotName }),
  }
}

/** Never trusts that the request was followed: a copy with a card would be a twin on the network. */
async function assertApart(site: Site, vm: Vm, name: string, call: Call): Promise<void> {
  const made = await cloneNamed(site, vm, name, call)
  const clone = made && (await findVm(site, made.nativeId, call))
  if (clone !== undefined && clone.macs.length === 0) return
  const what = clone === undefined ? 'does not carry the mark of stillshot' : 'still has a network card'
  throw new StillshotError('hypervisor-refused', `vSphere made ${name}, but it ${what}`, {
    hint: 'do not start it; look at it in vSphere, and remove it there if stillshot does not',
  })
}
