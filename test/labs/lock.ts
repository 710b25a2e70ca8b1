import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Longest that another process may prepare the lab: an image build and a cold boot under emulation. */
const PATIENCE_S = 900

/**
 * Runs `work` while no other process holds the lock at `path`. The lock belongs to a child process that ends with this
 * one, so that a killed test leaves no lock behind.
 */
export async function withLock<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  const holder = spawn('flock', ['--timeout', String(PATIENCE_S), path, 'sh', '-c', 'echo held; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(holder, 'exit')
  const held = await Promise.race([once(holder.stdout, 'data').then(() => true), ended.then(() => false)])
  if (!held) throw new Error(`another process has held ${path} for ${PATIENCE_S} s`)
  try {
    return await work()
  } finally {
    holder.stdin.end()
    await ended
  }
}
