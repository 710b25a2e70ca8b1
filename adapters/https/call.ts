import { StillshotError } from '../../src/errors.ts'
import { callLimit } from '../../src/system/call-limit.ts'
import { type CallOptions, type Clock, DeadlineExceeded } from '../../src/system/clock.ts'

/** One call of a port while it runs. */
export interface Call {
  /** Aborts when the caller gives up or the time is over. */
  readonly signal: AbortSignal
  /** True from the moment on at which a change may have reached the server. */
  changeSent: boolean
}

/** Who is called, and how long it may take. */
export interface CallScope {
  readonly clock: Clock
  /** The server's product, as messages name it. */
  readonly product: string
}

/**
 * Gives a call of several requests one limit for all of them, and says what its end means: a call that is cut off after
 * it has sent a change is `answer-lost`; before that it is `cancelled`, and out of time `hypervisor-unreachable`.
 */
export async function wholeCall<Answer>(
  { clock, product }: CallScope,
  options: CallOptions | undefined,
  work: (call: Call) => Promise<Answer>,
): Promise<Answer> {
  using limit = callLimit(clock, options ?? {})
  const call: Call = { signal: limit.signal, changeSent: false }
  try {
    call.signal.throwIfAborted()
    return await work(call)
  } catch (error) {
    const said = error instanceof StillshotError && error !== call.signal.reason
    if (said || !call.signal.aborted) throw error
    throw cutOff(call, { product, callers: options?.signal, cause: error })
  }
}

function cutOff(
  call: Call,
  { product, callers, cause }: { product: string; callers: AbortSignal | undefined; cause: unknown },
): StillshotError {
  const { reason } = call.signal
  const why = reason instanceof Error ? reason.message : 'cancelled'
  if (call.changeSent) {
    return new StillshotError('answer-lost', `${product} was not done with what it was told: ${why}`, { cause })
  }
  if (callers?.aborted) {
    return callers.reason instanceof StillshotError ? callers.reason : new StillshotError('cancelled', why, { cause })
  }
  if (reason instanceof DeadlineExceeded) {
    return new StillshotError('hypervisor-unreachable', `${product} was ${why}`, { cause })
  }
  return new StillshotError('cancelled', why, { cause })
}
