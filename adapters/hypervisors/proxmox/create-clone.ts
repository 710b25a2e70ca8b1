import { StillshotError } from '../../../src/errors.ts'
import type { CloneRequest } from '../../../src/hypervisor/clones.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { type CloneMark, cloneId, writeMark } from './clone-mark.ts'
import { type Cluster, kindOf, onNode, vmApi } from './cluster.ts'
import { lookAtClone, type SeenClone } from './find-clone.ts'
import { readSnapshotList, snapshotNamed } from './list-snapshots.ts'
import { isCode, retryLocked, runTask } from './run-task.ts'
import { followTask, pauseAfter, runningTask } from './task.ts'
import { memoryOf } from './vm-config.ts'

const MIB = 1024 ** 2

/** How long a copy whose answer was lost may take to be seen. */
const APPEAR_LIMIT_MS = 5_000

/** A full copy of the disks as the snapshot has them; then everything by which it could meet the world is taken out of it. */
export async function createClone(cluster: Cluster, vm: Vm, request: CloneRequest, call: Call): Promise<void> {
  const { snapshotName, name } = request
  const doing = `copy ${vm.name} at ${snapshotName} to ${name}`
  snapshotNamed(vm, await readSnapshotList(cluster, vm, call), snapshotName)
  if (kindOf(cluster, vm) === 'lxc') throw new StillshotError('not-supported', `${doing}: ${vm.name} is a container`)
  const before = await lookAtClone(cluster, vm, name, call)
  if (before.state !== 'none') {
    throw new StillshotError(
      'hypervisor-refused',
      `${doing}: there is a VM of that name, or with its id ${before.nativeId}`,
    )
  }
  const mark: CloneMark = { name, of: vm.nativeId, uuid: vm.uuid, snapshot: snapshotName, whole: false }
  const parameters = {
    newid: Number(cloneId(name)),
    name,
    snapname: snapshotName,
    full: true,
    description: writeMark(mark),
  }
  try {
    await runTask(cluster, vm, call, doing, (node) => vmApi(cluster, vm, node, { call, doing }).clone.$post(parameters))
  } catch (error) {
    if (!isCode(error, 'answer-lost') || call.signal.aborted) throw error
    await awaitCopied(cluster, vm, name, call, error)
  }
  const copied = await lookAtClone(cluster, vm, name, call)
  if (copied.state !== 'half')
    throw new StillshotError('answer-lost', `${doing}: the task ended well, and the copy is not there`)
  await isolate(cluster, copied, { ...mark, whole: true }, request, call)
}

/** After a lost answer: resolves when the disks are copied, rejects with it when nothing of the copy appears. */
async function awaitCopied(cluster: Cluster, vm: Vm, name: string, call: Call, lost: StillshotError): Promise<void> {
  const { clock } = cluster
  const begunAt = clock.monotonic()
  for (;;) {
    const running = await runningTask(cluster, vm, call, 'qmclone')
    if (running !== undefined) await followTask(cluster, running.upid, call, `copy ${vm.name} to ${name}`)
    const { state } = await lookAtClone(cluster, vm, name, call)
    if (state === 'half') return
    const elapsedMs = clock.monotonic() - begunAt
    if (running === undefined && (state === 'being-made' || elapsedMs > APPEAR_LIMIT_MS)) throw lost
    await clock.sleep(pauseAfter(elapsedMs), call.signal)
  }
}

/** One write: the copy is marked as whole with the same stroke that takes its network cards. The same again is the same. */
async function isolate(
  cluster: Cluster,
  copy: SeenClone,
  mark: CloneMark,
  { memoryBytes }: CloneRequest,
  call: Call,
): Promise<void> {
  const doing = `take the network cards out of ${copy.name}`
  const cards = Object.keys(copy.config).filter((key) => /^net\d+$/.test(key))
  const memoryMib = Math.floor(Math.min(memoryBytes ?? Number.POSITIVE_INFINITY, memoryOf(copy.config)) / MIB)
  const parameters = {
    description: writeMark(mark),
    onboot: false,
    protection: false,
    ...(cards.length === 0 ? {} : { delete: cards.join(',') }),
    ...(memoryMib * MIB < memoryOf(copy.config) ? { memory: String(memoryMib), balloon: 0 } : {}),
  }
  const put = (node: string) => vmApi(cluster, copy, node, { call, doing }).config.$put(parameters)
  const write = () => retryLocked(cluster, call, () => onNode(cluster, copy, call, put))
  try {
    await write()
  } catch (error) {
    if (!isCode(error, 'answer-lost') || call.signal.aborted) throw error
    await write()
  }
}
