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
import { type RollBackMark, writeDescription } from './description.ts'
import { isKindOf } from './faults.ts'
import { storeDescription } from './list-snapshots.ts'
import { powerOf } from './power.ts'
import { readObject } from './properties.ts'
import { onVm, type Site } from './site.ts'
import { readTree, type SnapshotTree, snapshotNamed, type TreeSnapshot } from './snapshot-tree.ts'
import { followTask, isOver, recentTasks, runTask, type SeenTask } from './tasks.ts'
import { text } from './values.ts'

/** A request that was given up may become a task a little later. */
const APPEAR_LIMIT_MS = 3_000
const APPEAR_PAUSE_MS = 200

/**
 * vSphere has no name for a roll back, so its token is written into the snapshot's description first, with what tells
 * afterwards whether the roll back happened. docs/decisions/0015-vsphere-through-a-mended-client.md says how.
 */
export function rollBack(site: Site, vm: Vm, request: RollBackRequest, call: Call): Promise<void> {
  return rollBackMarked(courseOf(site, vm, request, call), request.token)
}

/** Looks at the mark, at the tasks since, and at what the VM stands on. Finishes a roll back that stopped half way. */
export function settleRollBack(site: Site, vm: Vm, request: RollBackRequest, call: Call): Promise<RollBackOutcome> {
  return settleMarked(courseOf(site, vm, request, call), request.token)
}

function courseOf(site: Site, vm: Vm, request: RollBackRequest, call: Call): MarkedRollBack<RollBackMark> {
  return {
    readMark: async () => snapshotNamed(vm, await readTree(site, vm, call), request.snapshotName).mark,
    writeMark: (mark) => writeMark(site, vm, request, mark, call),
    markBefore: () => markBefore(site, vm, request, call),
    findings: () => checkRollBack(site, vm, request.snapshotName, call),
    start: () => rollBackNow(site, vm, request, call),
    judge: async (mark) => judge(site, vm, request, { mark, task: await awaitTask(site, vm, mark, call), call }),
  }
}

/** Without memory in the snapshot vSphere leaves the VM off; with `suppressPowerOn` it does in any case. */
async function rollBackNow(site: Site, vm: Vm, request: RollBackRequest, call: Call): Promise<void> {
  const { snapshotName } = request
  const errand = { call, doing: `roll ${vm.name} back to ${snapshotName}` }
  const { object } = snapshotNamed(vm, await readTree(site, vm, call), snapshotName)
  const start = () => site.session.call('RevertToSnapshot_Task', object, { suppressPowerOn: true }, errand)
  await runTask(site, errand, start)
}

async function markBefore(site: Site, vm: Vm, { token }: RollBackRequest, call: Call): Promise<RollBackMark> {
  const [{ bootTime }, { current }, [newest]] = await Promise.all([
    readState(site, vm, call),
    readTree(site, vm, call),
    recentTasks(site, vm, call, 'revert'),
  ])
  return {
    token,
    state: 'begun',
    ...(bootTime === undefined ? {} : { bootTime }),
    ...(current === undefined ? {} : { stoodOn: current.object.value }),
    ...(newest === undefined ? {} : { after: newest.object.value }),
  }
}

/** The caller's text stays as it is now. */
async function writeMark(
  site: Site,
  vm: Vm,
  { snapshotName }: RollBackRequest,
  mark: RollBackMark | undefined,
  call: Call,
): Promise<void> {
  const { text: own } = snapshotNamed(vm, await readTree(site, vm, call), snapshotName)
  await storeDescription(site, vm, snapshotName, writeDescription({ text: own, mark }), call)
}

interface VmState {
  readonly off: boolean
  /** Only of a VM that runs. */
  readonly bootTime: string | undefined
}

async function readState(site: Site, vm: Vm, call: Call): Promise<VmState> {
  const errand = { call, doing: `look at ${vm.name}` }
  const paths = ['runtime.powerState', 'runtime.bootTime']
  const properties = await onVm(site, vm, call, (object) => readObject(site.session, object, paths, errand))
  const power = powerOf(properties['runtime.powerState'])
  const bootTime = text(properties['runtime.bootTime'])
  return { off: power === 'off', bootTime: power === 'off' || bootTime === '' ? undefined : bootTime }
}

/** The newest roll back after the mark was written, at its end; undefined when none came, or none that is still shown. */
async function awaitTask(site: Site, vm: Vm, { after }: RollBackMark, call: Call): Promise<SeenTask | undefined> {
  const { clock } = site
  const errand = { call, doing: `follow the roll back of ${vm.name}` }
  const begunAt = clock.monotonic()
  for (;;) {
    const tasks = await recentTasks(site, vm, call, 'revert')
    const before = tasks.findIndex(({ object }) => object.value === after)
    const [newest] = before === -1 ? tasks : tasks.slice(0, before)
    if (newest !== undefined) {
      if (isOver(newest)) return newest
      const fault = await followTask(site, newest.object, errand)
      return { ...newest, state: fault === undefined ? 'success' : 'error', ...(fault === undefined ? {} : { fault }) }
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

/** Faults that are found before the VM is stopped or a disk is touched. */
const FOUND_BEFORE = ['TaskInProgress', 'MethodDisabled', 'SnapshotLocked', 'NoPermission', 'ManagedObjectNotFound']

async function judge(
  site: Site,
  vm: Vm,
  { snapshotName }: RollBackRequest,
  { mark, task, call }: Traces,
): Promise<RollBackOutcome | 'half'> {
  const [state, tree] = await Promise.all([readState(site, vm, call), readTree(site, vm, call)])
  if (task?.state === 'success') return 'rolled-back'
  if (hasMoved(mark, tree, snapshotNamed(vm, tree, snapshotName))) return 'rolled-back'
  if (task?.fault !== undefined && isKindOf(task.fault.type, ...FOUND_BEFORE)) return 'untouched'
  if (mark.bootTime !== undefined && state.bootTime === mark.bootTime) return 'untouched'
  // Its disks are as they were or as the snapshot has them, and nothing wrote since: the same again makes it sure.
  if (state.off) return 'half'
  throw new StillshotError(
    'hypervisor-refused',
    `it cannot be told any more whether ${vm.name} was rolled back to ${snapshotName}, and the VM was started since`,
    { hint: 'look at the VM: roll back again, to this or to another restore point, or keep it as it is' },
  )
}

/** It stands on the snapshot and did not before: only a roll back does that. */
function hasMoved({ stoodOn }: RollBackMark, { current }: SnapshotTree, { object }: TreeSnapshot): boolean {
  return current?.object.value === object.value && stoodOn !== object.value
}
