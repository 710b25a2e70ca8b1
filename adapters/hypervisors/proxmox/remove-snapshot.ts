import { StillshotError } from '../../../src/errors.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { type Cluster, kindOf, vmApi } from './cluster.ts'
import { commandFor } from './guest-kind.ts'
import { type ListedSnapshot, readSnapshotList } from './list-snapshots.ts'
import { readStatus } from './power.ts'
import { unlockHint } from './proxmox-errors.ts'
import { isCode, runTask } from './run-task.ts'
import { failedTask, followTask, runningTask, type TaskType } from './task.ts'

/** How often what another task or a lost answer changed is looked at anew. */
const LOOKS = 5

/**
 * Children stay, and so do the data of everything else: Proxmox VE sees to that. A removal that still runs is followed, and
 * one that was interrupted is done to its end once its lock is gone.
 */
export async function removeSnapshot(cluster: Cluster, vm: Vm, name: string, call: Call): Promise<void> {
  const doing = `remove snapshot ${name} of ${vm.name}`
  for (let look = 1; ; look += 1) {
    const removing = await runningTask(cluster, vm, call, 'qmdelsnapshot')
    if (removing !== undefined) await followTask(cluster, removing.upid, call, doing)
    const { snapshots } = await readSnapshotList(cluster, vm, call)
    const found = snapshots.find((snapshot) => snapshot.name === name)
    if (found === undefined) {
      if ((await runningTask(cluster, vm, call, 'qmsnapshot')) === undefined) return
      throw new StillshotError('vm-locked', `${doing}: a snapshot of this VM is still being made`)
    }
    if (found.unfinished !== undefined) await refuseWhileLocked(cluster, vm, found, call, doing)
    try {
      // What a task left half done has to go although a part of it is missing.
      const parameters = found.unfinished === undefined ? {} : { force: true }
      const start = (node: string) => vmApi(cluster, vm, node, { call, doing }).snapshot.$(name).$delete(parameters)
      await runTask(cluster, vm, call, doing, start)
      return
    } catch (error) {
      if (isCode(error, 'snapshot-not-found')) return
      if (!isCode(error, 'answer-lost') || call.signal.aborted || look >= LOOKS) throw error
      await cluster.clock.sleep(500, call.signal)
    }
  }
}

const TASK_OF: Readonly<Record<'prepare' | 'delete', TaskType>> = { prepare: 'qmsnapshot', delete: 'qmdelsnapshot' }

/** `vm-locked` while somebody works at it; `hypervisor-refused` when the task that did failed and left the lock. */
async function refuseWhileLocked(
  cluster: Cluster,
  vm: Vm,
  { name, unfinished }: ListedSnapshot,
  call: Call,
  doing: string,
): Promise<void> {
  const { lock } = await readStatus(cluster, vm, call)
  if (lock === undefined || unfinished === undefined) return
  const failed = await failedTask(cluster, vm, call, TASK_OF[unfinished])
  if (failed === undefined) {
    throw new StillshotError('vm-locked', `${doing}: ${name} is not finished, and the VM is locked (${lock})`, {
      hint: unlockHint(vm.nativeId, kindOf(cluster, vm)),
    })
  }
  const message = `${doing}: the task that was at it ended with “${failed.exitStatus}” and left the VM locked (${lock})`
  throw new StillshotError('hypervisor-refused', message, {
    hint: `type \`${commandFor(kindOf(cluster, vm))} unlock ${vm.nativeId}\` as root on the node of the VM, then try again`,
    details: { upid: failed.upid },
  })
}
