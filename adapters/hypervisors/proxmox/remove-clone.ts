import { StillshotError } from '../../../src/errors.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { removeCopy } from './by-hand.ts'
import { type Cluster, onNode, vmApi } from './cluster.ts'
import { lookAtClone, notOurs, type SeenClone } from './find-clone.ts'
import { powerOf, readStatus } from './power.ts'
import { isCode, retryLocked, runTask } from './run-task.ts'
import { followTask, runningTask } from './task.ts'

/** How often what a lost answer changed is looked at anew. */
export const LOOKS = 5

/** Stops it hard and removes it with its disks. A copy that is still being made is waited for. */
export async function removeClone(cluster: Cluster, vm: Vm, name: string, call: Call): Promise<void> {
  const doing = `remove the copy ${name} of ${vm.name}`
  for (let look = 1; ; look += 1) {
    const copying = await runningTask(cluster, vm, call, 'qmclone')
    if (copying !== undefined) await followTask(cluster, copying.upid, call, doing)
    const seen = await lookAtClone(cluster, vm, name, call)
    if (seen.state === 'none' || seen.state === 'kept') return
    if (seen.state === 'foreign') throw notOurs(doing, seen, vm)
    if (seen.state === 'being-made') throw killed(doing, seen)
    try {
      await destroyClone(cluster, seen, call, doing)
      return
    } catch (error) {
      if (isCode(error, 'vm-not-found')) return
      if (!isCode(error, 'answer-lost') || call.signal.aborted || look >= LOOKS) throw error
      await cluster.clock.sleep(500, call.signal)
    }
  }
}

/** Stops it hard first: Proxmox VE removes no VM that runs. */
export async function destroyClone(
  cluster: Cluster,
  copy: Omit<SeenClone, 'state'>,
  call: Call,
  doing: string,
): Promise<void> {
  const at = (node: string) => vmApi(cluster, copy, node, { call, doing })
  if (powerOf(await readStatus(cluster, copy, call)) !== 'off') {
    await runTask(cluster, copy, call, doing, (node) => at(node).status.stop.$post())
  }
  await unprotect(cluster, copy, call)
  await runTask(cluster, copy, call, doing, (node) => at(node).$delete({ purge: true }))
  cluster.nodes.delete(copy.nativeId)
}

/** A copy takes the protection of its VM over, half made ones too, and then nobody can remove it. */
async function unprotect(cluster: Cluster, copy: Omit<SeenClone, 'state'>, call: Call): Promise<void> {
  if (!Number(copy.config.protection ?? 0)) return
  const errand = { call, doing: `take the protection of ${copy.name} away` }
  const put = (node: string) => vmApi(cluster, copy, node, errand).config.$put({ protection: false })
  await retryLocked(cluster, call, () => onNode(cluster, copy, call, put))
}

/** No task works at it any more, and only root can take the lock away. */
function killed(doing: string, { nativeId }: SeenClone): StillshotError {
  const message = `${doing}: the task that made it was killed and left VM ${nativeId} locked (clone)`
  const hint = `type \`${removeCopy(nativeId)}\` as root on its node`
  return new StillshotError('hypervisor-refused', message, { hint })
}
