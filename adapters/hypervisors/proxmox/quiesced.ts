import type { Call } from '../../https/call.ts'
import { api, type Cluster } from './cluster.ts'
import { nodeOfTask } from './task.ts'

/** How the freeze around a snapshot went. */
export interface Quiesced {
  /** Undefined: not known. */
  readonly quiesced?: boolean
  /** What the task's log says against it. */
  readonly lines: readonly string[]
}

export const UNKNOWN: Quiesced = { lines: [] }

/** The first release whose snapshot task logs that it did not freeze; older ones go on in silence. */
const LOGS_IT_SINCE = [9, 2] as const

/** Not frozen, and nothing for anybody to thaw. */
const SKIPPED = /skipping guest filesystem freeze/
/** The freeze or the thaw may have come half way. */
const FAILED =
  /unable to (check guest fs freeze status|freeze guest fs)|querying status after freezing|fsfreeze-(freeze|thaw) problems|unable to thaw/

/**
 * Proxmox VE takes its snapshot whether the freeze came true or not, and ends with `OK` either way: only the log of the
 * task tells.
 */
export async function howQuiesced(cluster: Cluster, upid: string, call: Call): Promise<Quiesced> {
  const errand = { call, doing: `read the log of ${upid}` }
  const [{ version }, log] = await Promise.all([
    api(cluster, errand).version.$get(),
    api(cluster, errand).nodes.$(nodeOfTask(upid)).tasks.$(upid).log.$get({ start: 0, limit: 500 }),
  ])
  return readQuiesced(
    log.map(({ t }) => String(t)),
    version,
  )
}

/** Pure. */
export function readQuiesced(log: readonly string[], version: string): Quiesced {
  const failed = log.filter((line) => FAILED.test(line))
  if (failed.length > 0) return { lines: failed }
  const skipped = log.filter((line) => SKIPPED.test(line))
  if (skipped.length > 0) return { quiesced: false, lines: skipped }
  return logsFreeze(version)
    ? { quiesced: true, lines: [] }
    : { lines: [`Proxmox VE ${version} does not log a freeze`] }
}

/** The guest may still be frozen: the task does not try again. Pure. */
export function isThawProblem(line: string): boolean {
  return /fsfreeze-thaw problems|unable to thaw/.test(line)
}

/** Whether this version's snapshot task says so when it did not freeze. */
export function logsFreeze(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > LOGS_IT_SINCE[0] || (major === LOGS_IT_SINCE[0] && minor >= LOGS_IT_SINCE[1])
}
