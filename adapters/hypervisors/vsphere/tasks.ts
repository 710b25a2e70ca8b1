import { StillshotError } from '../../../src/errors.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import { retry } from '../../../src/system/retry.ts'
import type { Call } from '../../https/call.ts'
import { Absence } from './absence.ts'
import { taskFault, type VimFault } from './faults.ts'
import type { Operation } from './operations.ts'
import { readObject, readObjects } from './properties.ts'
import type { Session } from './session.ts'
import { type KnownVm, onVm, type Site } from './site.ts'
import { updates } from './updates.ts'
import { field, list, type Ref, ref, text, type Value } from './values.ts'
import type { Errand, Fields } from './vim.ts'
import { isCode, taskError } from './vsphere-errors.ts'

/** How long something in the way is waited for: it may be gone soon. */
export const LOCK_PATIENCE_MS = 45_000
const LOCK_PAUSE_MS = 500

/** What works on a VM, by vSphere's names for it: `VirtualMachine.createSnapshot`, `vm.Snapshot.remove`, `RevertToSnapshot_Task`. */
const KINDS = {
  create: /createSnapshot/i,
  remove: /remove(All)?Snapshot|Snapshot\.remove/i,
  clone: /clone/i,
  revert: /revertTo|Snapshot\.revert/i,
} as const

export type TaskKind = keyof typeof KINDS

/** A task of a VM that is under way or ended a while ago. */
export interface SeenTask {
  readonly object: Ref
  readonly name: string
  /** Who began it; empty when that is not told. */
  readonly user: string
  readonly queuedAt: string
  readonly state: TaskState
  readonly fault?: VimFault
}

export type TaskState = 'queued' | 'running' | 'success' | 'error'

export function isOver({ state }: { readonly state: TaskState }): boolean {
  return state === 'success' || state === 'error'
}

/**
 * Starts a task on an object, follows it to its end and rejects with its failure. What found the VM in use has done
 * nothing, so it is started again for a while. `answer-lost` when it is not known whether it was started: that is never
 * tried again here.
 */
export function runTask(
  { session, clock }: Pick<Site, 'session' | 'clock'>,
  errand: Errand,
  start: () => Promise<Value>,
  patienceMs: number = LOCK_PATIENCE_MS,
): Promise<void> {
  const { call, doing } = errand
  const once = async () => {
    const task = ref(await start())
    if (task === undefined) throw new StillshotError('answer-lost', `${doing}: the server did not name its task`)
    const fault = await followTask({ session, clock }, task, errand)
    if (fault === undefined) return
    const error = taskError(fault, { doing, task: task.value })
    if (error.code !== 'answer-lost') call.changeSent = false
    throw error
  }
  const limit = { clock, signal: call.signal, pauseMs: LOCK_PAUSE_MS, limitMs: patienceMs }
  return retry(once, { ...limit, when: (error) => isCode(error, 'vm-locked') })
}

/** {@link runTask} of a method of the VM itself. */
export function runVmTask(
  site: Site,
  vm: Vm,
  errand: Errand,
  task: { readonly operation: Operation; readonly fields?: Fields; readonly patienceMs?: number },
): Promise<void> {
  const { operation, fields = {}, patienceMs } = task
  const start = () => onVm(site, vm, errand.call, (object) => site.session.call(operation, object, fields, errand))
  return runTask(site, errand, start, patienceMs)
}

/**
 * Waits for the end, which the server tells by itself; a server that is away for a moment does not end the task that it
 * works at. Resolves with the fault that ended it, if one did; `answer-lost` when the end cannot be seen.
 */
export async function followTask(
  site: Pick<Site, 'session' | 'clock'>,
  task: Ref,
  errand: Errand,
): Promise<VimFault | undefined> {
  const absence = new Absence(site.clock, errand.call.signal)
  for (;;) {
    try {
      return await waitForEnd(site.session, task, errand, absence)
    } catch (error) {
      errand.call.signal.throwIfAborted()
      if (!absence.isBearable(error)) throw notSeen(error, task, errand)
    }
    await absence.pause()
  }
}

function notSeen(cause: unknown, task: Ref, { doing }: Errand): StillshotError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new StillshotError('answer-lost', `${doing}: how ${task.value} ends cannot be seen: ${why}`, { cause })
}

async function waitForEnd(
  session: Session,
  task: Ref,
  errand: Errand,
  absence: Absence,
): Promise<VimFault | undefined> {
  for await (const told of updates(session, task, ['info.state', 'info.error'], errand)) {
    absence.end()
    const state = text(told['info.state'])
    if (state === 'success') return undefined
    if (state !== 'error') continue
    const error = told['info.error'] ?? (await readObject(session, task, ['info.error'], errand))['info.error']
    return taskFault(error)
  }
  throw new StillshotError('hypervisor-unreachable', `${errand.doing}: the server stopped telling`)
}

/** Tasks of the VM that the server still shows, newest first: all that run, and what ended in the last minutes. */
export async function recentTasks(site: Site, vm: KnownVm, call: Call, kind?: TaskKind): Promise<readonly SeenTask[]> {
  const errand = { call, doing: `look for tasks of ${vm.name}` }
  const { recentTask } = await onVm(site, vm, call, (object) =>
    readObject(site.session, object, ['recentTask'], errand),
  )
  const objects = list(field(recentTask, 'ManagedObjectReference')).flatMap((each) => ref(each) ?? [])
  const seen = (await readObjects(site.session, objects, ['info'], errand)).map(seenTask)
  const wanted = seen.filter(({ name }) => kind === undefined || KINDS[kind].test(name))
  return wanted.toSorted((one, other) => (one.queuedAt < other.queuedAt ? 1 : -1))
}

/** One that is under way; undefined when none is, or none that can be seen. */
export async function runningTask(site: Site, vm: KnownVm, call: Call, kind?: TaskKind): Promise<SeenTask | undefined> {
  return (await recentTasks(site, vm, call, kind)).find((task) => !isOver(task))
}

function seenTask({
  object,
  properties: { info },
}: {
  object: Ref
  properties: Readonly<Record<string, Value>>
}): SeenTask {
  const error = field(info, 'error')
  return {
    object,
    name: [text(field(info, 'descriptionId')), text(field(info, 'name'))].filter((name) => name !== '').join(' '),
    user: text(field(info, 'reason', 'userName')),
    queuedAt: text(field(info, 'queueTime')),
    state: text(field(info, 'state')) as TaskState,
    ...(error === undefined || error === null ? {} : { fault: taskFault(error) }),
  }
}
