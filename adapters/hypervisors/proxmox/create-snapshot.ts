import { StillshotError } from '../../../src/errors.ts'
import type { Snapshot, SnapshotRequest, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { type Cluster, onNode, vmApi } from './cluster.ts'
import { writeDescription } from './description.ts'
import { guestAgent, refuseContainer } from './guest-agent.ts'
import { type ListedSnapshot, readSnapshotConfig, readSnapshotList, snapshotWith } from './list-snapshots.ts'
import { taskError } from './proxmox-errors.ts'
import { howQuiesced, isThawProblem, UNKNOWN } from './quiesced.ts'
import { type EndedTask, isCode, runTask } from './run-task.ts'
import { isSuccess, pauseAfter, tasksOf, warningsOf } from './task.ts'
import { drivesOf } from './vm-config.ts'

/** The database stands still meanwhile, so another task is not waited for as long as elsewhere. */
const LOCK_PATIENCE_MS = 30_000

/** How long a snapshot whose answer was lost may take to be listed. */
const APPEAR_LIMIT_MS = 5_000

/**
 * Without memory: it would be written while the database stands still. With the agent on, Proxmox VE freezes the guest by
 * itself, whether it is asked to or not.
 */
export async function createSnapshot(
  cluster: Cluster,
  vm: Vm,
  { name, description, quiesce = false }: SnapshotRequest,
  { call, onMade }: { call: Call; onMade?: () => void },
): Promise<Snapshot> {
  checkName(name)
  if (quiesce) await onNode(cluster, vm, call, async () => refuseContainer(cluster, vm, `freeze ${vm.name}`))
  const doing = `take snapshot ${name} of ${vm.name}`
  const text = writeDescription({ text: description })
  const parameters = { snapname: name, ...(text === '' ? {} : { description: text }) }
  const start = (node: string) => vmApi(cluster, vm, node, { call, doing }).snapshot.$post(parameters)
  let ended: EndedTask | undefined
  try {
    ended = await runTask(cluster, vm, call, doing, start, LOCK_PATIENCE_MS)
  } catch (error) {
    if (!isCode(error, 'answer-lost') || call.signal.aborted) throw error
    await awaitListed(cluster, vm, name, call, error)
  }
  onMade?.()
  // One after the other over the connection that is open: a second one would cost a handshake while the guest is being released.
  const frozen =
    quiesce && ended !== undefined ? await howQuiesced(cluster, ended.upid, call).catch(() => UNKNOWN) : UNKNOWN
  if (frozen.lines.some(isThawProblem)) await guestAgent(cluster).thaw(vm, { signal: call.signal })
  const { snapshots } = await readSnapshotList(cluster, vm, call)
  const config = await readSnapshotConfig(cluster, vm, name, call)
  const warnings = ended === undefined ? [] : await saidOf(cluster, ended, call)
  const found = snapshots.find((snapshot) => snapshot.name === name)
  if (found === undefined)
    throw new StillshotError('answer-lost', `${doing}: the task ended well, but it is not listed`)
  const disks = drivesOf(config).map(({ id }) => id)
  const said = [...warnings, ...frozen.lines]
  return {
    ...snapshotWith(found, disks),
    ...(said.length === 0 ? {} : { warnings: said }),
    ...(frozen.quiesced === undefined ? {} : { quiesced: frozen.quiesced }),
  }
}

/** Warnings are read after the point stands: what cannot be read of them does not undo it. */
function saidOf(cluster: Cluster, { upid, exitStatus }: EndedTask, call: Call): Promise<readonly string[]> {
  return warningsOf(cluster, upid, exitStatus, call).catch(() => [exitStatus])
}

/** Proxmox VE's rule, said before anything is asked; its own words for the two reserved names are an internal error. */
function checkName(name: string): void {
  const fits = /^[a-z][a-z0-9_-]{1,39}$/i.test(name) && name !== 'current' && name.toLowerCase() !== 'pending'
  if (fits) return
  throw new StillshotError('hypervisor-refused', `Proxmox VE takes no snapshot of the name ${JSON.stringify(name)}`, {
    hint: 'a name has 2 to 40 letters, digits, - and _, begins with a letter, and is neither current nor pending',
  })
}

/**
 * After a lost answer: the name is unique, so a snapshot of this name is ours. Resolves when it is complete; rejects with
 * the end of its task, or with `answer-lost` when nothing of it appears.
 */
async function awaitListed(cluster: Cluster, vm: Vm, name: string, call: Call, lost: StillshotError): Promise<void> {
  const { clock } = cluster
  const begunAt = clock.monotonic()
  for (;;) {
    const found = await find(cluster, vm, name, call)
    if (found !== undefined && found.unfinished === undefined) return
    const [task] = await tasksOf(cluster, vm, call, 'qmsnapshot')
    const runs = task !== undefined && task.exitStatus === undefined
    if (found?.unfinished === 'prepare' && task?.exitStatus !== undefined && !isSuccess(task.exitStatus)) {
      throw taskError(`take snapshot ${name} of ${vm.name}`, task.exitStatus, { upid: task.upid, vmid: vm.nativeId })
    }
    const elapsedMs = clock.monotonic() - begunAt
    if (!runs && elapsedMs > APPEAR_LIMIT_MS) throw lost
    await clock.sleep(pauseAfter(elapsedMs), call.signal)
  }
}

async function find(cluster: Cluster, vm: Vm, name: string, call: Call): Promise<ListedSnapshot | undefined> {
  const { snapshots } = await readSnapshotList(cluster, vm, call)
  return snapshots.find((snapshot) => snapshot.name === name)
}
