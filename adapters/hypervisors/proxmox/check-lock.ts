import type { Finding } from '../../../src/finding.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import { formatInstant } from '../../../src/system/instant.ts'
import type { Call } from '../../https/call.ts'
import { type Cluster, kindOf } from './cluster.ts'
import { commandFor } from './guest-kind.ts'
import { type ListedSnapshot, readSnapshotList } from './list-snapshots.ts'
import { readStatus } from './power.ts'
import { isSuccess, type SeenTask, tasksOf } from './task.ts'

/** How long a look waits for a lock to go: less than its callers give the whole look. */
const PATIENCE_MS = 25_000
const PAUSE_MS = 500

/** Which task sets which lock. */
const LOCKED_BY: Readonly<Record<string, string>> = {
  snapshot: 'qmsnapshot',
  'snapshot-delete': 'qmdelsnapshot',
  rollback: 'qmrollback',
}

/** Locks and unfinished snapshots. A lock that somebody works under is waited for a little. */
export async function lockFindings(cluster: Cluster, vm: Vm, call: Call): Promise<readonly Finding[]> {
  const { clock } = cluster
  const begunAt = clock.monotonic()
  for (;;) {
    const [{ lock }, { snapshots }] = await Promise.all([
      readStatus(cluster, vm, call),
      readSnapshotList(cluster, vm, call),
    ])
    const unfinished = snapshots.filter((snapshot) => snapshot.unfinished !== undefined)
    const command = commandFor(kindOf(cluster, vm))
    if (lock === undefined) return unfinished.map((snapshot) => leftover(vm, command, snapshot))
    const tasks = await tasksOf(cluster, vm, call)
    const stale = isStale(lock, tasks)
    if (stale !== undefined) return [staleLock({ vm, command, lock }, stale, unfinished)]
    if (clock.monotonic() - begunAt > PATIENCE_MS) return [held({ vm, command, lock }, tasks)]
    await clock.sleep(PAUSE_MS, call.signal)
  }
}

/** The task that left the lock: the newest of its kind that can be seen, when it failed and none runs. */
function isStale(lock: string, tasks: readonly SeenTask[]): SeenTask | undefined {
  const newest = tasks.find(({ type }) => type === LOCKED_BY[lock])
  const runs = tasks.some(({ exitStatus }) => exitStatus === undefined)
  if (runs || newest?.exitStatus === undefined || isSuccess(newest.exitStatus)) return undefined
  return newest
}

/** What stands in the way, and the command of the node for it. */
interface Locked {
  readonly vm: Vm
  readonly command: string
  readonly lock: string
}

function staleLock({ vm, command, lock }: Locked, task: SeenTask, unfinished: readonly ListedSnapshot[]): Finding {
  const rests = unfinished
    .map(({ name }) => `, then \`${command} delsnapshot ${vm.nativeId} ${name} --force\``)
    .join('')
  return {
    severity: 'refuse',
    code: 'stale-lock',
    message: `${vm.name} is locked (${lock}) by a task that ended with “${task.exitStatus}” (${task.upid})`,
    hint: `type \`${command} unlock ${vm.nativeId}\` as root on the node of the VM${rests}`,
    error: 'hypervisor-refused',
  }
}

function held({ vm, command, lock }: Locked, tasks: readonly SeenTask[]): Finding {
  const holder = tasks.find(({ exitStatus }) => exitStatus === undefined)
  const who =
    holder === undefined
      ? 'by a task that the credentials may not see (Sys.Audit on the node shows it)'
      : `by ${holder.type} of ${holder.user} since ${formatInstant(holder.startedAt * 1000)}`
  return {
    severity: 'refuse',
    code: 'vm-locked',
    message: `${vm.name} is locked (${lock}) ${who}`,
    hint: `wait for it; if nothing works on the VM any more, type \`${command} unlock ${vm.nativeId}\` as root on its node`,
    error: 'vm-locked',
  }
}

function leftover(vm: Vm, command: string, { name, unfinished }: ListedSnapshot): Finding {
  const doing = unfinished === 'prepare' ? 'made' : 'removed'
  return {
    severity: 'warn',
    code: 'snapshot-unfinished',
    message: `snapshot ${name} was left half ${doing}`,
    hint: `\`${command} delsnapshot ${vm.nativeId} ${name} --force\` as root on the node of the VM removes it`,
  }
}
