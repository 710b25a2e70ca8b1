import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { StillshotError } from '../../../src/errors.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { libvirtError } from './libvirt-errors.ts'

/** For a caller that brings neither a limit nor a signal. */
const LIMIT_MS = 300_000

/**
 * Runs qemu-img on this machine to its end; rejects with its own words. An abort ends the process and rejects with the
 * signal's own StillshotError, else `cancelled`; `answer-lost` when it was over its limit or somebody else ended it.
 */
export async function qemuImg(words: readonly string[], doing: string, options: CallOptions = {}): Promise<string> {
  const { signal, timeoutMs = signal === undefined ? LIMIT_MS : undefined } = options
  if (signal?.aborted) throw aborted(doing, signal)
  // A process group of its own: Ctrl-C is for us, and we end it where that is safe.
  const child = spawn('qemu-img', [...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
  })
  const end = () => child.kill('SIGKILL')
  const timer = timeoutMs === undefined ? undefined : setTimeout(end, timeoutMs)
  signal?.addEventListener('abort', end)
  try {
    const { status, output, complaint } = await ended(child)
    if (status === 0) return output
    if (signal?.aborted) throw aborted(doing, signal)
    if (status === null) throw new StillshotError('answer-lost', `${doing}: qemu-img was ended before it was done`)
    throw libvirtError(doing, complaint.trim().replaceAll('\n', ' ') || `qemu-img ended with ${status}`, false)
  } catch (error) {
    if (error instanceof StillshotError) throw error
    const message = error instanceof Error ? error.message : String(error)
    throw new StillshotError('hypervisor-refused', `${doing}: ${message}`, { cause: error })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', end)
  }
}

interface Ended {
  /** Null when a signal ended it. */
  readonly status: number | null
  readonly output: string
  readonly complaint: string
}

/** Rejects when it cannot be started. */
function ended(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Ended> {
  return new Promise((resolve, reject) => {
    let output = ''
    let complaint = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text
    })
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, output, complaint }))
  })
}

function aborted(doing: string, signal: AbortSignal): StillshotError {
  return signal.reason instanceof StillshotError
    ? signal.reason
    : new StillshotError('cancelled', `${doing}: cancelled`, { cause: signal.reason })
}
