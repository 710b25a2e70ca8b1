import { type ErrorCode, StillshotError } from '../../../src/errors.ts'
import type { CallOptions } from '../../../src/system/clock.ts'

/**
 * Gives a call of several exchanges one limit for all of them; each exchange keeps its own as well. When the time is
 * over, what changes something is `answer-lost`, because a part of it may be done, and a question is unreachable.
 * Errors of the images' file system become errors of the table.
 */
export async function wholeCall<Answer>(
  kind: 'question' | 'change',
  options: CallOptions | undefined,
  work: (options: CallOptions) => Promise<Answer>,
): Promise<Answer> {
  const { signal, timeoutMs } = options ?? {}
  const limit = new AbortController()
  const code: ErrorCode = kind === 'change' ? 'answer-lost' : 'hypervisor-unreachable'
  const over = () => limit.abort(new StillshotError(code, `libvirt was not done after ${timeoutMs} ms`))
  const timer = timeoutMs === undefined ? undefined : setTimeout(over, timeoutMs)
  try {
    const both = signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal])
    return await work(timeoutMs === undefined ? { signal: both } : { timeoutMs, signal: both })
  } catch (error) {
    throw fileError(error)
  } finally {
    clearTimeout(timer)
  }
}

const FULL = ['ENOSPC', 'EDQUOT']

/** An error of node:fs by its code and path; anything else as it is. */
function fileError(error: unknown): unknown {
  if (error instanceof StillshotError || !(error instanceof Error) || !('syscall' in error)) return error
  const { code = '', message } = error as NodeJS.ErrnoException
  return FULL.includes(code)
    ? new StillshotError('storage-full', message, { cause: error })
    : new StillshotError('hypervisor-refused', message, {
        cause: error,
        hint: 'stillshot must be able to read and write the folder of the images: run it as root on the host',
      })
}
