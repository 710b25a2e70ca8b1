import { StillshotError } from '../../../src/errors.ts'
import type { RollBackRequest, Vm } from '../../../src/hypervisor/hypervisor.ts'
import {
  type MarkedRollBack,
  type RollBackOutcome,
  rollBackMarked,
  settleMarked,
} from '../../../src/hypervisor/marked-roll-back.ts'
import type { Call } from '../../https/call.ts'
import { checkRollBack } from './check-roll-back.ts'
import { type Cluster, kindOf, vmApi } from './cluster.ts'
import { type RollBackMark, writeDescription } from './description.ts'
import { readConfig } from './find-vm.ts'
import type { GuestKind } from './guest-kind.ts'
import { readSnapshotList, type SnapshotList, snapshotNamed, storeDescription } from './list-snapshots.ts'
import { powerOf, readStatus, type VmStatus } from './power.ts'
import { codeOf, unlockHint } from './proxmox-errors.ts'
import { runTask } from './run-task.ts'
import { followTask, isSuccess, type SeenTask, tasksOf } from './task.ts'

/** A request that was given up may become a task a little later. */
const APPEAR_LIMIT_MS = 3_000
const APPEAR_PAUSE_MS = 200

/**
 * Proxmox VE has no name for a roll back, so its token is written into the snapshot's description first, with what tells
 * afterwards whether the roll back happened. docs/decisions/0012-the-token-of-a-roll-back-on-proxmox.md says why there.
 */
export function rollBack(cluster: Cluster, vm: Vm, request: RollBackRequest, call: Call): Promise<void> {
  return rollBackMarked(courseOf(cluster, vm, request, call), request.token)
}

/** Looks at the mark, at the tasks since, and at the VM's generation. Finishes a roll back that stopped half way. */
export function settleRollBack(
  cluster: Cluster,
  vm: Vm,
  request: RollBackRequest,
  call: Call,
): Promise<RollBackOutcome> {
  return settleMarked(courseOf(cluster, vm, request, call), request.token)
}

function courseOf(cluster: Cluster, vm: Vm, request: RollBackRequest, call: Call): MarkedRollBack<RollBackMark> {
  return {
    readMark: async () => snapshotNamed(vm, await readSnapshotList(cluster, vm, call), request.snapshotName).mark,
    writeMark: (mark) => writeMark(cluster, vm, request, mark, call),
    markBefore: () => markBefore(cluster, vm, request, call),
    findings: () => checkRollBack(cluster, vm, request.snapshotName, call),
    start: () => rollBackNow(cluster, vm, request, call),
    judge: async (mark) => judge(cluster, vm, request, { mark, task: await awaitTask(cluster, vm, mark, call), call }),
  }
}

async function rollBackNow(cluster: Cluster, vm: Vm, request: RollBackRequest, call: Call): Promise<void> {
  const { snapshotName } = request
  const doing = `roll ${vm.name} back to ${snapshotName}`
  const start = (node: string) =>
    vmApi(cluster, vm, node, { call, doing }).snapshot.$(snapshotName).rollback.$post({ start: false })
  await runTask(cluster, vm, call, doing, start)
}

async function markBefore(cluster: Cluster, vm: Vm, { token }: RollBackRequest, call: Call): Promise<RollBackMark> {
  const [config, { pid, uptime }, [newest]] = await Promise.all([
    readConfig(cluster, vm, call),
    readStatus(cluster, vm, call),
    tasksOf(cluster, vm, call, 'qmrollback'),
  ])
  return {
    token,
    state: 'begun',
    ...(typeof config.vmgenid === 'string' ? { generation: config.vmgenid } : {}),
    ...(pid === undefined ? {} : { pid, uptime }),
    ...(newest === undefined ? {} : { after: newest.upid }),
  }
}

/** The caller's text stays as it is now. */
async function writeMark(
  cluster: Cluster,
  vm: Vm,
  { snapshotName }: RollBackRequest,
  mark: RollBackMark | undefined,
  call: Call,
): Promise<void> {
  const { text } = snapshotNamed(vm, await readSnapshotList(cluster, vm, call), snapshotName)
  const description = writeDescription({ text, ...(mark === undefined ? {} : { mark }) })
  await storeDescription(cluster, vm, snapshotName, description, call)
}

/** The first roll back after the mark was written, at its end; undefined when none came. */
async function awaitTask(cluster: Cluster, vm: Vm, { after }: RollBackMark, call: Call): Promise<SeenTask | undefined> {
  const { clock } = cluster
  const begunAt = clock.monotonic()
  for (;;) {
    const tasks = await tasksOf(cluster, vm, call, 'qmrollback')
    const before = tasks.find(({ upid }) => upid === after)
    const [newest] = tasks.filter(({ upid, startedAt }) => upid !== after && startedAt >= (before?.startedAt ?? 0))
    if (newest !== undefined) {
      const doing = `follow the roll back of ${vm.name}`
      const exitStatus = newest.exitStatus ?? (await followTask(cluster, newest.upid, call, doing))
      return { ...newest, exitStatus }
    }
    if (clock.monotonic() - begunAt > APPEAR_LIMIT_MS) return undefined
    await clock.sleep(APPEAR_PAUSE_MS, call.signal)
  }
}

interface Traces {
  readonly mark: RollBackMark
  readonly task: SeenTask | undefined
  readonly call: Call
}

/** Failures that are found before the VM is stopped or a disk is touched. */
const FOUND_BEFORE: readonly string[] = ['vm-locked', 'snapshot-not-found', 'not-supported', 'snapshot-unsupported']

async function judge(
  cluster: Cluster,
  vm: Vm,
  { snapshotName }: RollBackRequest,
  { mark, task, call }: Traces,
): Promise<RollBackOutcome | 'half'> {
  const [config, status, list] = await Promise.all([
    readConfig(cluster, vm, call),
    readStatus(cluster, vm, call),
    readSnapshotList(cluster, vm, call),
  ])
  if (status.lock === 'rollback') throw stoppedHalfWay(vm, kindOf(cluster, vm), snapshotName, task)
  if (task?.exitStatus !== undefined && isSuccess(task.exitStatus)) return 'rolled-back'
  if (hasNewGeneration(mark, config.vmgenid) && stands(list, snapshotName)) return 'rolled-back'
  if (task?.exitStatus === undefined) return 'untouched'
  if (FOUND_BEFORE.includes(codeOf(task.exitStatus))) return 'untouched'
  if (isSameProcess(mark, status)) return 'untouched'
  if (powerOf(status) === 'off') return 'half'
  // Somebody unlocked and started it: what it wrote since is not ours to throw away.
  throw new StillshotError(
    'hypervisor-refused',
    `the roll back of ${vm.name} to ${snapshotName} stopped half way (${task.exitStatus}), and the VM was started since: its disks may be of different times`,
    { hint: 'stop the VM and roll back again, to this or to another restore point' },
  )
}

function hasNewGeneration({ generation }: RollBackMark, now: unknown): boolean {
  return generation !== undefined && typeof now === 'string' && now !== generation
}

/** Numbers of processes are used again; a process that ran before cannot have run for less now. */
function isSameProcess(mark: RollBackMark, { pid, uptime }: VmStatus): boolean {
  return mark.pid !== undefined && pid === mark.pid && uptime >= (mark.uptime ?? 0)
}

function stands({ current }: SnapshotList, snapshotName: string): boolean {
  return current === snapshotName
}

function stoppedHalfWay(vm: Vm, kind: GuestKind, snapshotName: string, task: SeenTask | undefined): StillshotError {
  const how = task?.exitStatus === undefined ? '' : ` (${task.exitStatus})`
  return new StillshotError(
    'hypervisor-refused',
    `the roll back of ${vm.name} to ${snapshotName} stopped half way${how} and left the VM locked (rollback)`,
    { hint: `${unlockHint(vm.nativeId, kind)}; the same again then rolls back to the end` },
  )
}
