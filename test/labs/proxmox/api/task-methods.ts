import { userOfWho } from '../access/accounts.ts'
import { parameterRefusal } from '../refusal.ts'
import type { Task } from '../tasks/task.ts'
import { isUpid, taskFields } from '../tasks/upid.ts'
import { type Call, given, type Method, NODE } from './method.ts'
import type { Properties } from './schema.ts'

const UPID = { ...NODE, upid: { type: 'string' } } as const satisfies Properties
const PAGE = {
  start: { type: 'integer', minimum: 0, optional: true },
  limit: { type: 'integer', minimum: 0, optional: true },
} as const satisfies Properties
const PAGE_LINES = 50

export const taskMethods: readonly Method[] = [
  {
    method: 'GET',
    path: '/nodes/{node}/tasks',
    parameters: {
      ...NODE,
      ...PAGE,
      userfilter: { type: 'string', optional: true },
      typefilter: { type: 'string', optional: true },
      vmid: { type: 'integer', format: 'pve-vmid', optional: true },
      errors: { type: 'boolean', optional: true },
      source: { type: 'string', enum: ['archive', 'active', 'all'], optional: true },
      since: { type: 'integer', optional: true },
      until: { type: 'integer', optional: true },
      statusfilter: { type: 'string', optional: true },
    },
    permission: 'all',
    code: list,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/tasks/{upid}/status',
    parameters: UPID,
    permission: 'all',
    protected: true,
    code: status,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/tasks/{upid}/log',
    parameters: { ...UPID, ...PAGE },
    permission: 'all',
    protected: true,
    code: log,
  },
  {
    method: 'DELETE',
    path: '/nodes/{node}/tasks/{upid}',
    parameters: UPID,
    permission: 'all',
    protected: true,
    code: stop,
  },
]

/** A token sees its own tasks only; a user sees their own and those of their tokens. */
export function maySeeTask(who: string, task: Pick<Task, 'who'>): boolean {
  return who === task.who || (!who.includes('!') && who === userOfWho(task.who))
}

/** Running tasks first, then the newest; only ended ones unless `source` says otherwise. */
function list({ cluster, node, who, parameters, setTotal }: Call): unknown {
  const { source = 'archive', typefilter, userfilter, vmid, errors, since, until } = parameters
  const auditor = cluster.accounts.may(who, `/nodes/${node}`, 'Sys.Audit')
  const found = cluster.tasks.all.filter(
    (task) =>
      task.node === node &&
      (auditor || maySeeTask(who, task)) &&
      (source === 'all' || task.running === (source === 'active')) &&
      (typefilter === undefined || task.type === typefilter) &&
      (userfilter === undefined || task.who.toLowerCase().includes(userfilter.toLowerCase())) &&
      (vmid === undefined || task.id === vmid) &&
      (since === undefined || task.starttime >= Number(since)) &&
      (until === undefined || task.starttime <= Number(until)) &&
      (errors !== '1' || (!task.running && !/^(OK|WARNINGS: \d+)$/.test(task.exitStatus ?? ''))),
  )
  setTotal(found.length)
  const newestFirst = found.toReversed()
  const ordered = [...newestFirst.filter(({ running }) => running), ...newestFirst.filter(({ running }) => !running)]
  const start = Number(parameters.start ?? 0)
  return ordered.slice(start, start + Number(parameters.limit ?? PAGE_LINES)).map((task) => ({
    ...taskFields(task.upid, nameOf(task)),
    ...(task.running ? { status: 'RUNNING' } : { status: task.exitStatus, endtime: task.endtime }),
  }))
}

function status(call: Call): unknown {
  const task = findTask(call)
  return {
    ...taskFields(task.upid, nameOf(task)),
    ...(task.running ? { status: 'running' } : { status: 'stopped', exitstatus: task.exitStatus }),
  }
}

function log(call: Call): unknown {
  const task = findTask(call)
  const lines = task.lines.length === 0 ? ['no content'] : task.lines.flatMap((line) => line.split('\n'))
  call.setTotal(lines.length)
  const start = Number(call.parameters.start ?? 0)
  const limit = Number(call.parameters.limit ?? PAGE_LINES) || PAGE_LINES
  return lines.map((line, index) => ({ n: index + 1, t: line })).slice(start, start + limit)
}

/** Asks the worker to end, and answers at once. */
function stop(call: Call): null {
  const task = findTask(call, 'Sys.Modify')
  void call.cluster.tasks.interrupt(task.upid)
  return null
}

function findTask({ cluster, node, who, parameters }: Call, privilege: 'Sys.Audit' | 'Sys.Modify' = 'Sys.Audit'): Task {
  const upid = given(parameters, 'upid')
  if (!isUpid(upid)) throw parameterRefusal({ upid: 'unable to parse worker upid' })
  const task = cluster.tasks.find(upid)
  if (task === undefined || task.node !== node) throw parameterRefusal({ upid: 'no such task' })
  if (!maySeeTask(who, task)) cluster.accounts.demand(who, `/nodes/${node}`, [privilege])
  return task
}

function nameOf({ node, pid, pstart, starttime, type, id, who }: Task) {
  return { node, pid, pstart, starttime, type, id, who }
}
