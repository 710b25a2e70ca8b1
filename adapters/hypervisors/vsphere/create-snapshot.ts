import { StillshotError } from '../../../src/errors.ts'
import type { Snapshot, SnapshotRequest, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { disksOf } from './list-snapshots.ts'
import { encodedName } from './names.ts'
import { readSurely } from './properties.ts'
import { settleLost } from './settle-lost.ts'
import { onVm, type Site } from './site.ts'
import {
  readTree,
  type SnapshotTree,
  snapshotIn,
  snapshotNamed,
  snapshotWith,
  type TreeSnapshot,
  treeFrom,
} from './snapshot-tree.ts'
import { runTask } from './tasks.ts'
import { field, list, text, type Value } from './values.ts'
import type { Errand } from './vim.ts'
import { isCode, isFault } from './vsphere-errors.ts'

/** The database stands still meanwhile, so another task is not waited for as long as elsewhere. */
const LOCK_PATIENCE_MS = 30_000

/** For how many minutes vSphere waits until VMware Tools have frozen the guest; it takes no fewer. */
const QUIESCE_MINUTES = 5

/**
 * Always without memory: it would be written while the database stands still. Quiesced when that is asked for; where
 * nothing runs that could be, vSphere leaves that out without a word, so what it says of the finished snapshot counts.
 */
export async function createSnapshot(site: Site, vm: Vm, request: SnapshotRequest, call: Call): Promise<Snapshot> {
  const { name, quiesce = false } = request
  const errand = { call, doing: `take snapshot ${name} of ${vm.name}` }
  const { tree, known } = await readBefore(site, vm, call)
  // vSphere itself would take a second one of the same name.
  if (snapshotIn(vm, tree, name) !== undefined) {
    throw new StillshotError('snapshot-exists', `${vm.name} has a snapshot ${name} already`)
  }
  try {
    await runTask(site, errand, () => start(site, vm, request, errand), LOCK_PATIENCE_MS)
  } catch (error) {
    if (!isCode(error, 'answer-lost') || call.signal.aborted) throw error
    // The name is unique, so a snapshot of this name is ours.
    const isThere = async () => (await find(site, vm, name, call)) !== undefined
    await settleLost(site, vm, { kind: 'create', known, isThere, lost: error }, errand)
  }
  const found = snapshotNamed(vm, await readTree(site, vm, call), name)
  const disks = (await disksOf(site, vm, [found], call)).get(found.object.value) ?? []
  return { ...snapshotWith(found, disks), ...(quiesce ? { quiesced: found.quiesced } : {}) }
}

/** The newer call where the server has it; VMware gives the older one up since vSphere 8. */
async function start(site: Site, vm: Vm, request: SnapshotRequest, errand: Errand): Promise<Value> {
  const { session } = site
  const { name, description, quiesce = false } = request
  const quiesceSpec = quiesce ? { timeout: QUIESCE_MINUTES } : undefined
  const fields = { name: encodedName(name), description, memory: false }
  return onVm(site, vm, errand.call, async (object) => {
    try {
      return await session.call('CreateSnapshotEx_Task', object, { ...fields, quiesceSpec }, errand)
    } catch (error) {
      if (!isFault(error, 'MethodNotFound', 'NotImplemented')) throw error
      return session.call('CreateSnapshot_Task', object, { ...fields, quiesce }, errand)
    }
  })
}

/** In one question, because the database stands still. */
async function readBefore(site: Site, vm: Vm, call: Call): Promise<{ tree: SnapshotTree; known: ReadonlySet<string> }> {
  const errand = { call, doing: `list the snapshots of ${vm.name}` }
  const wanted = { path: 'snapshot', more: ['recentTask'] }
  const properties = await onVm(site, vm, call, (object) => readSurely(site.session, object, wanted, errand))
  const tasks = list(field(properties.recentTask, 'ManagedObjectReference'))
  return { tree: treeFrom(properties.snapshot), known: new Set(tasks.map(text)) }
}

async function find(site: Site, vm: Vm, name: string, call: Call): Promise<TreeSnapshot | undefined> {
  return snapshotIn(vm, await readTree(site, vm, call), name)
}
