import { StillshotError } from '../../../src/errors.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import { retry } from '../../../src/system/retry.ts'
import type { Call } from '../../https/call.ts'
import { api, type Cluster, kindOf, onNode } from './cluster.ts'
import { plainTaskType, taskTypeFor } from './guest-kind.ts'

/** What works on a VM, by Proxmox VE's names; a container's tasks are told by the same ones. */
export type TaskType = 'qmsnapshot' | 'qmdelsnapshot' | 'qmrollback' | 'qmstart' | 'qmclone'

/** A task that the credentials may see. */
export interface SeenTask {
  readonly upid: string
  readonly type: string
  readonly user: string
  readonly startedAt: number
  /** Undefined while it runs. */
  readonly exitStatus: string | undefined
}

/**
 * The pause between two looks: 10 ms at first, later a fiftieth of the time that it has taken, 2 s at most. The database stands
 * still until the look that sees the end: a look costs the node a few milliseconds, and a task of a second gets sixty.
 */
const FIRST_PAUSE_MS = 10
const LAST_PAUSE_MS = 2_000

/** How long a node may be away while its task is followed. */
const AWAY_LIMIT_MS = 300_000

export function pauseAfter(elapsedMs: number): number {
  return Math.min(LAST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, elapsedMs / 50))
}

/** True for an end that is success; warnings do not change that. */
export function isSuccess(exitStatus: string): boolean {
  return /^(OK|WARNINGS: \d+)$/.test(exitStatus)
}

export function nodeOfTask(upid: string): string {
  const node = /^UPID:([^:\s]+):/.exec(upid)?.[1]
  if (node !== undefined) return node
  throw new StillshotError('hypervisor-refused', `${JSON.stringify(upid)} is no task of Proxmox VE`)
}

/** Resolves with the exit status when the task has ended, on the node where it runs; `answer-lost` when that cannot be seen. */
export async function followTask(cluster: Cluster, upid: string, call: Call, doing: string): Promise<string> {
  const { clock } = cluster
  const begunAt = clock.monotonic()
  for (;;) {
    await clock.sleep(pauseAfter(clock.monotonic() - begunAt), call.signal)
    const exitStatus = await lookPatiently(cluster, upid, call, doing)
    if (exitStatus !== undefined) return exitStatus
  }
}

/** Undefined while the task runs. */
async function exitStatusOf(cluster: Cluster, upid: string, call: Call, doing: string): Promise<string | undefined> {
  const task = api(cluster, { call, doing }).nodes.$(nodeOfTask(upid)).tasks.$(upid)
  const { status, exitstatus } = await task.status.$get()
  return status === 'running' ? undefined : (exitstatus ?? 'unexpected status')
}

/** A node that is away for a moment does not end the task that it works at. */
async function lookPatiently(cluster: Cluster, upid: string, call: Call, doing: string): Promise<string | undefined> {
  const { clock } = cluster
  try {
    return await retry(() => exitStatusOf(cluster, upid, call, doing), {
      clock,
      signal: call.signal,
      pauseMs: 500,
      limitMs: AWAY_LIMIT_MS,
      when: (error) => error instanceof StillshotError && error.code === 'hypervisor-unreachable',
    })
  } catch (error) {
    if (call.signal.aborted || !(error instanceof StillshotError)) throw error
    throw new StillshotError('answer-lost', `${doing}: how task ${upid} ends cannot be seen: ${error.message}`, {
      cause: error,
    })
  }
}

/** The warnings in the log of a task that ended with some. */
export async function warningsOf(cluster: Cluster, upid: string, exitStatus: string, call: Call): Promise<string[]> {
  if (exitStatus === 'OK') return []
  const errand = { call, doing: `read the log of ${upid}` }
  const log = api(cluster, errand).nodes.$(nodeOfTask(upid)).tasks.$(upid).log.$get({ start: 0, limit: 500 })
  const lines = (await log).map(({ t }) => String(t))
  return [...lines.filter((line) => /^WARN(ING)?:/i.test(line)), exitStatus]
}

/**
 * The newest tasks of this type (default: any) on the VM's node that the credentials may see, newest first: their own,
 * and with Sys.Audit on the node everybody's.
 */
export async function tasksOf(
  cluster: Cluster,
  vm: Pick<Vm, 'nativeId' | 'name'>,
  call: Call,
  type?: TaskType,
): Promise<readonly SeenTask[]> {
  const doing = `look for tasks of ${vm.name}`
  const tasks = await onNode(cluster, vm, call, (node) => {
    const filter = {
      vmid: Number(vm.nativeId),
      source: 'all',
      ...(type === undefined ? {} : { typefilter: taskTypeFor(kindOf(cluster, vm), type) }),
    } as const
    return api(cluster, { call, doing }).nodes.$(node).tasks.$get(filter)
  })
  const seen = tasks.map(({ upid, type: kind, user, starttime, endtime, status }) => ({
    upid,
    type: plainTaskType(kind),
    user,
    startedAt: Number(starttime),
    exitStatus: endtime === undefined ? undefined : (status ?? 'unexpected status'),
  }))
  const looked = await Promise.all(seen.map((task) => withEnd(cluster, task, call)))
  return looked.toSorted((one, other) => rank(other) - rank(one))
}

/** The list of tasks shows one whose process was killed as running until another task starts. */
async function withEnd(cluster: Cluster, task: SeenTask, call: Call): Promise<SeenTask> {
  if (task.exitStatus !== undefined) return task
  const exitStatus = await exitStatusOf(cluster, task.upid, call, `look at task ${task.upid}`)
  return { ...task, exitStatus }
}

function rank({ startedAt, exitStatus }: SeenTask): number {
  return exitStatus === undefined ? Number.POSITIVE_INFINITY : startedAt
}

/** One that runs now; undefined when none does, or none that can be seen. */
export async function runningTask(
  cluster: Cluster,
  vm: Pick<Vm, 'nativeId' | 'name'>,
  call: Call,
  type?: TaskType,
): Promise<SeenTask | undefined> {
  return (await tasksOf(cluster, vm, call, type)).find(({ exitStatus }) => exitStatus === undefined)
}

/** The newest task of this type if it failed or was killed: a lock that it left will not go by itself. */
export async function failedTask(
  cluster: Cluster,
  vm: Pick<Vm, 'nativeId' | 'name'>,
  call: Call,
  type: TaskType,
): Promise<SeenTask | undefined> {
  const [newest] = await tasksOf(cluster, vm, call, type)
  return newest?.exitStatus !== undefined && !isSuccess(newest.exitStatus) ? newest : undefined
}
