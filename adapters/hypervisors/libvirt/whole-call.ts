import { type ErrorCode, StillshotError } from '../../../src/errors.ts'
import type { CallOptions } from '../../../src/system/clock.ts'

/**
 * Gives a call of several exchanges one limit for all of them; each exchange keeps its own as well. When the time is
 * over, what changes something is `answer-lost`, because a part of it may be done, and a question is unreachable.
 */
export async function wholeCall<Answer>(
  kind: 'question' | 'change',
  options: CallOptions | undefined,
  work: (options: CallOptions) => Promise<Answer>,
): Promise<Answer> {
  const { signal, timeoutMs } = options ?? {}
  if (timeoutMs === undefined) return work(options ?? {})
  const limit = new AbortController()
  const code: ErrorCode = kind === 'change' ? 'answer-lost' : 'hypervisor-unreachable'
  const over = () => limit.abort(new StillshotError(code, `libvirt was not done after ${timeoutMs} ms`))
  const timer = setTimeout(over, timeoutMs)
  try {
    const both = signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal])
    return await work({ timeoutMs, signal: both })
  } finally {
    clearTimeout(timer)
  }
}
