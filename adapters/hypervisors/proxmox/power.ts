import { StillshotError } from '../../../src/errors.ts'
import type { PowerState, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { type Cluster, onNode, vmApi } from './cluster.ts'
import { isCode, runTask } from './run-task.ts'

/** What `status/current` says. */
export interface VmStatus {
  readonly status: string
  /** QEMU's own word. */
  readonly qmpstatus: string | undefined
  /** The lock of the configuration. */
  readonly lock: string | undefined
  /** Process of the VM on its node; undefined while it is off. */
  readonly pid: number | undefined
  /** How long it has run, in seconds. */
  readonly uptime: number
  /** Whether the cluster's high availability starts and stops it, too. */
  readonly managed: boolean
}

/** How long a VM may take from `start` to running, where another service of the cluster starts it. */
const START_PAUSE_MS = 500
const START_LIMIT_MS = 120_000

export async function readStatus(cluster: Cluster, vm: Pick<Vm, 'nativeId' | 'name'>, call: Call): Promise<VmStatus> {
  const errand = { call, doing: `look at ${vm.name}` }
  const { status, qmpstatus, lock, pid, uptime, ha } = await onNode(cluster, vm, call, (node) =>
    vmApi(cluster, vm, node, errand).status.current.$get(),
  )
  const managed = Boolean(Number((ha as { managed?: number } | undefined)?.managed ?? 0))
  return {
    status,
    qmpstatus,
    lock,
    pid: pid === undefined ? undefined : Number(pid),
    uptime: Number(uptime ?? 0),
    managed,
  }
}

export function powerOf({ status, qmpstatus }: VmStatus): PowerState {
  if (status !== 'running') return 'off'
  return qmpstatus === 'paused' || qmpstatus === 'suspended' ? 'paused' : 'running'
}

/** Starts, or resumes; a VM that runs already is right, whoever started it. */
export async function powerOn(cluster: Cluster, vm: Vm, call: Call): Promise<void> {
  const state = powerOf(await readStatus(cluster, vm, call))
  if (state === 'running') return
  const doing = state === 'paused' ? `resume ${vm.name}` : `start ${vm.name}`
  const begin = (node: string) => {
    const { status } = vmApi(cluster, vm, node, { call, doing })
    return state === 'paused' ? status.resume.$post() : status.start.$post()
  }
  try {
    await runTask(cluster, vm, call, doing, begin)
  } catch (error) {
    // Whether the answer was lost or somebody else was faster: what counts is whether it runs.
    if (!isCode(error, 'answer-lost', 'hypervisor-refused')) throw error
    call.signal.throwIfAborted()
    const now = powerOf(await readStatus(cluster, vm, call))
    if (now !== 'running' && !isCode(error, 'answer-lost')) throw error
  }
  await untilRunning(cluster, vm, call, doing)
}

/** With high availability the task ends when the start is queued. */
async function untilRunning(cluster: Cluster, vm: Vm, call: Call, doing: string): Promise<void> {
  const { clock } = cluster
  const begunAt = clock.monotonic()
  while (powerOf(await readStatus(cluster, vm, call)) !== 'running') {
    if (clock.monotonic() - begunAt > START_LIMIT_MS) {
      throw new StillshotError('hypervisor-refused', `${doing}: it does not run after ${START_LIMIT_MS / 1000} s`)
    }
    await clock.sleep(START_PAUSE_MS, call.signal)
  }
}
