import { StillshotError } from '../../../src/errors.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { copiesStanding } from './copies-standing.ts'
import { readObject } from './properties.ts'
import { onVm, type Site } from './site.ts'
import { readTree, type SnapshotTree, snapshotIn } from './snapshot-tree.ts'
import { followTask, runningTask, runTask, runVmTask } from './tasks.ts'
import { flag } from './values.ts'
import { isCode } from './vsphere-errors.ts'

/** How often what another task or a lost answer changed is looked at anew. */
const LOOKS = 5
const LOOK_PAUSE_MS = 500

/**
 * Children stay, and so do the data of everything else: vSphere sees to that. A removal that still runs is followed. The
 * tree loses the snapshot before its files are merged, and when that could not be done, it is done now.
 */
export async function removeSnapshot(site: Site, vm: Vm, name: string, call: Call): Promise<void> {
  const errand = { call, doing: `remove snapshot ${name} of ${vm.name}` }
  for (let look = 1; ; look += 1) {
    const removing = await runningTask(site, vm, call, 'remove')
    if (removing !== undefined) await followTask(site, removing.object, errand)
    const tree = await readTree(site, vm, call)
    const found = snapshotIn(vm, tree, name)
    if (found === undefined) {
      if ((await runningTask(site, vm, call, 'create')) === undefined) return consolidate(site, vm, call)
      throw new StillshotError('vm-locked', `${errand.doing}: a snapshot of this VM is still being made`)
    }
    await assertNoCopy(site, vm, tree, name, call)
    try {
      const fields = { removeChildren: false, consolidate: true }
      await runTask(site, errand, () => site.session.call('RemoveSnapshot_Task', found.object, fields, errand))
      return await consolidate(site, vm, call)
    } catch (error) {
      if (isCode(error, 'snapshot-not-found')) return consolidate(site, vm, call)
      if (!isCode(error, 'answer-lost') || call.signal.aborted || look >= LOOKS) throw error
      await site.clock.sleep(LOOK_PAUSE_MS, call.signal)
    }
  }
}

/**
 * A copy's disks stand on those of its snapshot, and of every snapshot before that one; vSphere would merge them all the same. What was
 * taken after it stands on other disks. Of a snapshot that is no longer there nobody can say what was before it.
 */
async function assertNoCopy(site: Site, vm: Vm, { snapshots }: SnapshotTree, name: string, call: Call): Promise<void> {
  const standsOn = (snapshotName: string): boolean => {
    const own = snapshots.filter((snapshot) => snapshot.name === snapshotName)
    const [first] = own
    if (first === undefined || own.length > 1) return true
    return first.name === name || (first.parent !== undefined && standsOn(first.parent))
  }
  const copy = (await copiesStanding(site, vm, call)).find(({ snapshotName }) => standsOn(snapshotName))
  if (copy === undefined) return
  const stands = `the copy ${copy.name} of ${vm.name} stands on its snapshot ${copy.snapshotName}, and so on ${name}`
  throw new StillshotError('snapshot-has-branches', stands, {
    hint: copy.kept
      ? 'the copy is kept: remove it first, if it can go (`stillshot list --copies` shows it)'
      : 'wait for the run that made the copy; if none runs, `stillshot recover` removes what was left',
  })
}

/** Merges what a removal could not merge, for a lock or for want of space. */
async function consolidate(site: Site, vm: Vm, call: Call): Promise<void> {
  const doing = `merge the disks of ${vm.name} that a removed snapshot left`
  const paths = ['runtime.consolidationNeeded']
  const look = () => onVm(site, vm, call, (object) => readObject(site.session, object, paths, { call, doing }))
  const isNeeded = async () => flag((await look())['runtime.consolidationNeeded'])
  if (!(await isNeeded())) return
  try {
    await runVmTask(site, vm, { call, doing }, { operation: 'ConsolidateVMDisks_Task' })
  } catch (error) {
    if (!isCode(error, 'answer-lost') || call.signal.aborted || (await isNeeded())) throw error
  }
}
