import { StillshotError, toStillshotError } from '../errors.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import type { Profile } from '../guest/profile.ts'
import type { Clock } from '../system/clock.ts'

/** A hold that lives as long as it is renewed. */
export interface Lease {
  /** Aborts with `hold-expired` when the hold is over, or could not be renewed for as long as it lives; and when the caller's does. */
  readonly signal: AbortSignal
  /** Why it was lost, if it was. */
  readonly lost: StillshotError | undefined
  /** The guest has answered: from here on a hold that it does not know is one that is over. */
  held(): void
  /** Safe twice. */
  end(): Promise<void>
}

export interface LeaseOrder {
  readonly clock: Clock
  /** Of its own: what streams through the other one must not keep a renewal waiting. Closed at the end. */
  readonly helper: GuestHelper
  readonly hold: string
  /** SMBIOS UUID of the guest. */
  readonly machine: string
  readonly ttlMs: number
  readonly signal: AbortSignal
}

/** Beside what the components may take to stop and start, as long as nobody need be heard. */
const PATIENCE_MS = 300_000
const LONGEST_MS = 3_600_000
const RENEW_LIMIT_MS = 30_000

/** How long a hold lives without being renewed, and what of that a start needs. Pure. */
export function leaseLimits({ components }: Pick<Profile, 'components'>): { ttlMs: number; startMs: number } {
  const startMs = components.reduce((sum, { startSeconds }) => sum + startSeconds * 1000, 0)
  const stopMs = components.reduce((sum, { stopSeconds }) => sum + stopSeconds * 1000, 0)
  const ttlMs = Math.min(LONGEST_MS, PATIENCE_MS + stopMs + startMs)
  return { ttlMs, startMs: Math.min(startMs, ttlMs - PATIENCE_MS / 2) }
}

/** Renews a hold from before it is asked for, since its stop may take as long as it lives, until the lease is ended. */
export function keepLease({ clock, helper, hold, machine, ttlMs, signal }: LeaseOrder): Lease {
  const controller = new AbortController()
  const over = new AbortController()
  const onAbort = () => controller.abort(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  const state: { lost: StillshotError | undefined; held: boolean } = { lost: undefined, held: false }
  const renew = async () => {
    let renewedMs = clock.monotonic()
    let pauseMs = ttlMs / 5
    while (state.lost === undefined) {
      await clock.sleep(pauseMs, over.signal)
      try {
        await helper.renew(hold, ttlMs, { machine, signal: over.signal, timeoutMs: RENEW_LIMIT_MS })
        renewedMs = clock.monotonic()
        pauseMs = ttlMs / 5
      } catch (thrown) {
        over.signal.throwIfAborted()
        state.lost = lostBy(toStillshotError(thrown), {
          heldYet: state.held,
          overdue: clock.monotonic() - renewedMs >= ttlMs,
        })
        pauseMs = ttlMs / 50
      }
    }
    controller.abort(state.lost)
  }
  const renewals = renew().catch(() => {})
  return {
    signal: controller.signal,
    get lost() {
      return state.lost
    },
    held() {
      state.held = true
    },
    async end() {
      signal.removeEventListener('abort', onAbort)
      over.abort(new Error('the lease has ended'))
      await renewals
      await helper.close()
    },
  }
}

/** Whoever cannot be asked for a moment has lost nothing yet. */
function lostBy(
  error: StillshotError,
  { heldYet, overdue }: { heldYet: boolean; overdue: boolean },
): StillshotError | undefined {
  const isOver = error.code === 'hold-expired' && heldYet
  if (!isOver && !overdue) return undefined
  const hint = 'the guest was not heard, or was reset: look why, then restore again'
  return new StillshotError('hold-expired', `the hold ran out during the restore: ${error.message}`, {
    cause: error,
    hint,
  })
}
