import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { StillshotError } from '../../src/errors.ts'
import type { Processes, ProcessIdentity } from '../../src/system/processes.ts'

/** Processes of this machine, from Linux's /proc (proc_pid_stat(5), random(4)). */
export class NodeProcesses implements Processes {
  async self(): Promise<ProcessIdentity> {
    const stat = await readStat(process.pid)
    if (stat === undefined)
      throw new StillshotError('not-supported', '/proc is not mounted: stillshot runs on Linux only')
    return { host: hostname(), bootId: await readBootId(), pid: process.pid, startTime: stat.startTime }
  }

  async state(identity: ProcessIdentity): Promise<'alive' | 'dead' | 'unknown'> {
    if (identity.host !== hostname()) return 'unknown'
    if (identity.bootId !== (await readBootId())) return 'dead'
    const stat = await readStat(identity.pid)
    return stat?.startTime === identity.startTime && stat.running ? 'alive' : 'dead'
  }
}

async function readBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
}

async function readStat(pid: number): Promise<{ startTime: string; running: boolean } | undefined> {
  let text: string
  try {
    text = await readFile(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
  return parseStat(text)
}

/**
 * State and start time of a line of /proc/PID/stat. The command's name, in parentheses, may hold anything, so fields
 * are counted from the last parenthesis on. A zombie does not run: nothing of it will act again.
 */
export function parseStat(text: string): { startTime: string; running: boolean } | undefined {
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .trim()
    .split(' ')
  const startTime = fields[19]
  return startTime === undefined ? undefined : { startTime, running: !['Z', 'X', 'x'].includes(fields[0] ?? 'X') }
}
