import { setTimeout as sleep } from 'node:timers/promises'
import type { Method } from '../api/method.ts'
import type { Parameters, RawParameters } from '../api/schema.ts'
import type { Cluster } from '../cluster.ts'
import { die } from '../refusal.ts'
import { type Answer, success, WireError } from './answer.ts'

interface Run {
  readonly cluster: Cluster
  /** The node whose web server was asked. */
  readonly node: string
  readonly who: string
  readonly method: Method
  readonly raw: RawParameters
  readonly check: () => Parameters
}

/** Permission first, then the way to the node that does it, and the schema only there. */
export async function runMethod({ cluster, node, who, method, raw, check }: Run): Promise<Answer> {
  checkPermission(cluster, who, method, raw)
  const asked = method.path.includes('{node}') ? String(raw.node) : 'localhost'
  const target = asked === 'localhost' ? node : asked
  if (target !== node) await reach(cluster, target)
  let total: number | undefined
  const work = async () => {
    const parameters = check()
    const setTotal = (count: number) => {
      total = count
    }
    return method.code({ cluster, node: target, who, parameters, setTotal })
  }
  const waited = target !== node || method.protected === true
  const data = waited ? await withinLimit(work(), cluster.times.proxyMs) : await work()
  return success(data, total)
}

function checkPermission(cluster: Cluster, who: string, { permission }: Method, raw: RawParameters): void {
  if (typeof permission === 'string') return
  const path = permission.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(raw[name]))
  const { privileges, any = false } = permission
  cluster.accounts.demand(who, path, typeof privileges === 'function' ? privileges(cluster) : privileges, any)
}

async function reach(cluster: Cluster, name: string): Promise<void> {
  const node = cluster.nodes.get(name)
  if (node === undefined) {
    die(`hostname lookup '${name}' failed - failed to get address info for: ${name}: Name or service not known`)
  }
  if (node.online) return
  await sleep(cluster.times.unreachableMs)
  throw new WireError(595, 'No route to host')
}

/** The web server's own patience; the work goes on after it. */
async function withinLimit<Result>(work: Promise<Result>, limitMs: number): Promise<Result> {
  const ending = new AbortController()
  const limit = sleep(limitMs, undefined, { signal: ending.signal }).then(
    () => {
      throw new WireError(596, 'Connection timed out')
    },
    () => work,
  )
  // Whoever loses may still fail.
  work.catch(() => {})
  limit.catch(() => {})
  try {
    return await Promise.race([work, limit])
  } finally {
    ending.abort()
  }
}
