import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Vm, VmEvent } from '../../../src/hypervisor/hypervisor.ts'
import { formatInstant } from '../../../src/system/instant.ts'
import { errorWords, libvirtError } from './libvirt-errors.ts'
import { withTlsVersions } from './tls-versions.ts'
import type { VirshOptions } from './virsh-process.ts'

const KINDS: Readonly<Record<string, VmEvent['kind']>> = {
  Started: 'started',
  Stopped: 'stopped',
  Crashed: 'stopped',
  Suspended: 'paused',
  PMSuspended: 'paused',
  Resumed: 'resumed',
}

/**
 * `virsh event` reads no input, so a companion reads it: its end is our death, and then the companion ends the process
 * group of both.
 */
const UNTIL_WE_DIE = 'exec 3<&0; { cat <&3; kill -9 0; } >/dev/null 2>&1 & exec "$@" </dev/null 3<&-'

/**
 * A virsh of its own that prints events until the signal aborts; it is gone when the loop over this ends, however it
 * ends. Rejects with `hypervisor-unreachable` when virsh ends by itself.
 */
export async function* watch(options: VirshOptions, vm: Vm, signal: AbortSignal): AsyncGenerator<VmEvent> {
  if (signal.aborted) return
  const words = [
    options.program,
    '-q',
    '-c',
    withTlsVersions(options.uri),
    'event',
    '--domain',
    vm.nativeId,
    '--all',
    '--loop',
  ]
  const child = spawn('/bin/sh', ['-c', UNTIL_WE_DIE, 'sh', ...words], {
    env: { ...options.environment },
    stdio: 'pipe',
    detached: true,
  })
  child.stdin.on('error', () => {})
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.on('error', (error) => {
    stderr += `error: ${error.message}`
  })
  const end = () => endGroup(child.pid)
  signal.addEventListener('abort', end)
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const event = readEvent(line)
      if (event !== undefined && !signal.aborted) yield event
    }
    if (!signal.aborted)
      throw libvirtError(`watch ${vm.name}`, errorWords(stderr) || 'no connection: virsh ended', false)
  } finally {
    signal.removeEventListener('abort', end)
    end()
  }
}

function endGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** One line of `virsh event`; undefined for anything else. */
export function readEvent(line: string): VmEvent | undefined {
  const parts = /^event '([^']+)' for domain .*?'(?:: (.*))?$/.exec(line)
  const type = parts?.[1]
  if (type === undefined) return undefined
  const words = parts?.[2] ?? ''
  return { at: formatInstant(Date.now()), kind: kindOf(type, words), detail: words === '' ? type : `${type} ${words}` }
}

function kindOf(type: string, words: string): VmEvent['kind'] {
  if (type === 'reboot') return 'reset'
  if (type !== 'lifecycle') return 'other'
  if (/\bMigrated\b/.test(words)) return 'migrated'
  return KINDS[words.split(' ')[0] ?? ''] ?? 'other'
}
