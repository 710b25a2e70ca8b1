import { StillshotError } from '../../../src/errors.ts'
import type { KeptCopy } from '../../../src/hypervisor/clones.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { isCloneId, readKept, readMark, writeMark } from './clone-mark.ts'
import { type Cluster, listResources, onNode, type Resource, vmApi } from './cluster.ts'
import { lookAtClone, notOurs } from './find-clone.ts'
import { readConfig } from './find-vm.ts'
import { powerOf, readStatus } from './power.ts'
import { destroyClone, LOOKS } from './remove-clone.ts'
import { isCode, retryLocked } from './run-task.ts'
import type { Config } from './vm-config.ts'

/** One write: name and mark are changed with the same stroke. The same again is the same. */
export async function keepClone(
  cluster: Cluster,
  vm: Vm,
  { name, as }: { readonly name: string; readonly as: string },
  call: Call,
): Promise<void> {
  const doing = `keep ${name}, a copy of ${vm.name}, as ${as}`
  const copy = await lookAtClone(cluster, vm, name, call)
  if (copy.state === 'kept') return
  if (copy.state !== 'whole') throw notOurs(doing, copy, vm)
  const mark = readMark(copy.config.description, vm, name)
  if (mark === undefined) throw notOurs(doing, copy, vm)
  if (await isNameTaken(cluster, as, call)) {
    throw new StillshotError('hypervisor-refused', `${doing}: there is a VM of that name already`)
  }
  const parameters = { name: as, description: writeMark({ ...mark, kept: copy.nativeId }) }
  const put = (node: string) => vmApi(cluster, copy, node, { call, doing }).config.$put(parameters)
  const write = () => retryLocked(cluster, call, () => onNode(cluster, copy, call, put))
  try {
    await write()
  } catch (error) {
    if (!isCode(error, 'answer-lost') || call.signal.aborted) throw error
    await write()
  }
}

/** Proxmox VE itself would let two VMs have one name. */
export async function isNameTaken(cluster: Cluster, name: string, call: Call): Promise<boolean> {
  return (await listResources(cluster, call)).some((resource) => resource.name === name)
}

export async function listKept(cluster: Cluster, call: Call): Promise<readonly KeptCopy[]> {
  const likely = (await listResources(cluster, call)).filter(({ vmid }) => isCloneId(vmid))
  const looked = await Promise.all(likely.map((resource) => lookAtKept(cluster, resource, call)))
  return looked.flatMap((seen) => seen?.copy ?? [])
}

/** Undefined for one that is gone, and for what is no kept copy. */
async function lookAtKept(
  cluster: Cluster,
  { vmid, name }: Pick<Resource, 'vmid' | 'name'>,
  call: Call,
): Promise<{ copy: KeptCopy; config: Config } | undefined> {
  const nativeId = String(vmid)
  try {
    const config = await readConfig(cluster, { nativeId, name }, call)
    const mark = readKept(config.description, nativeId)
    if (mark === undefined) return undefined
    const power = powerOf(await readStatus(cluster, { nativeId, name }, call))
    const called = typeof config.name === 'string' ? config.name : name
    const of = { source: mark.of, sourceUuid: mark.uuid, snapshotName: mark.snapshot }
    return { copy: { id: mark.name, nativeId, name: called, ...of, power }, config }
  } catch (error) {
    if (isCode(error, 'vm-not-found')) return undefined
    throw error
  }
}

export async function removeKept(cluster: Cluster, wanted: KeptCopy, call: Call): Promise<void> {
  const { nativeId, name } = wanted
  const doing = `remove the copy ${name}`
  for (let look = 1; ; look += 1) {
    if (!(await listResources(cluster, call)).some(({ vmid }) => String(vmid) === nativeId)) return
    const seen = await lookAtKept(cluster, { vmid: Number(nativeId), name }, call)
    if (seen?.copy.id !== wanted.id) {
      throw new StillshotError('hypervisor-refused', `${doing}: VM ${nativeId} does not say that it is this copy`)
    }
    try {
      await destroyClone(cluster, { nativeId, name, config: seen.config }, call, doing)
      return
    } catch (error) {
      if (isCode(error, 'vm-not-found')) return
      if (!isCode(error, 'answer-lost') || call.signal.aborted || look >= LOOKS) throw error
      await cluster.clock.sleep(500, call.signal)
    }
  }
}
