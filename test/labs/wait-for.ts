import { setTimeout as sleep } from 'node:timers/promises'

export interface WaitOptions {
  /** What is waited for, as it stands in the error: `sshd in guest one`. */
  readonly what: string
  readonly timeoutMs: number
  /** Milliseconds between two looks; 250 unless given. */
  readonly everyMs?: number
  readonly signal?: AbortSignal
}

/** Looks again and again until `look` gives something other than undefined; rejects after the time-out. */
export async function waitFor<Found>(look: () => Promise<Found | undefined>, options: WaitOptions): Promise<Found> {
  const end = performance.now() + options.timeoutMs
  for (;;) {
    options.signal?.throwIfAborted()
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > end) throw new Error(`${options.what}: not there after ${options.timeoutMs} ms`)
    await sleep(options.everyMs ?? 250)
  }
}
