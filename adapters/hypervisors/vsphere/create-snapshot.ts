import { StillshotError } from '../../../src/errors.ts'
import type { Snapshot, SnapshotRequest, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { type BeforeSnapshot, readBefore } from './before-snapshot.ts'
import { disksOf } from './list-snapshots.ts'
import { encodedName } from './names.ts'
import { settleLost } from './settle-lost.ts'
import { onVm, type Site } from './site.ts'
import { readTree, snapshotIn, snapshotNamed, snapshotWith, type TreeSnapshot } from './snapshot-tree.ts'
import { runTask } from './tasks.ts'
import type { Value } from './values.ts'
import type { Errand } from './vim.ts'
import { isCode, isFault } from './vsphere-errors.ts'

/** The database stands still meanwhile, so another task is not waited for as long as elsewhere. */
const LOCK_PATIENCE_MS = 30_000

/** For how many minutes vSphere waits until VMware Tools have frozen the guest; it takes no fewer. */
const QUIESCE_MINUTES = 5

export interface CreateWithin {
  readonly call: Call
  /** What the VM had a moment ago; without it that is asked for, while the database stands still. */
  readonly lately?: BeforeSnapshot | undefined
  /** Called when the snapshot is made, before it is looked at. */
  readonly onMade?: (() => void) | undefined
}

/**
 * Always without memory: it would be written while the database stands still. Quiesced when that is asked for; where
 * nothing runs that could be, vSphere leaves that out without a word, so what it says of the finished snapshot counts.
 */
export async function createSnapshot(
  site: Site,
  vm: Vm,
  request: SnapshotRequest,
  { call, lately, onMade = () => {} }: CreateWithin,
): Promise<Snapshot> {
  const { name, quiesce = false } = request
  const errand = { call, doing: `take snapshot ${name} of ${vm.name}` }
  let before = lately
  const startOnce = async () => {
    // Whoever was in the way had tasks and snapshots of its own: they are not to be taken for ours.
    const seen = before ?? (await readBefore(site, vm, call))
    before = undefined
    known = seen.known
    // vSphere itself would take a second one of the same name.
    if (snapshotIn(vm, seen.tree, name) !== undefined) {
      throw new StillshotError('snapshot-exists', `${vm.name} has a snapshot ${name} already`)
    }
    return start(site, vm, request, errand)
  }
  let known: ReadonlySet<string> = new Set()
  try {
    await runTask(site, errand, startOnce, LOCK_PATIENCE_MS)
  } catch (error) {
    if (!isCode(error, 'answer-lost') || call.signal.aborted) throw error
    // The name is unique, so a snapshot of this name is ours.
    const isThere = async () => (await find(site, vm, name, call)) !== undefined
    await settleLost(site, vm, { kind: 'create', known, isThere, lost: error }, errand)
  }
  onMade()
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

async function find(site: Site, vm: Vm, name: string, call: Call): Promise<TreeSnapshot | undefined> {
  return snapshotIn(vm, await readTree(site, vm, call), name)
}
