import { toStillshotError } from '../errors.ts'
import type { Proof } from '../grade/proof.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import { isOpenHold } from '../guest/open-hold.ts'
import type { Clock } from '../system/clock.ts'

const STATUS_LIMIT_MS = 60_000
/** A release that starts a server takes what the server takes. */
const RELEASE_LIMIT_MS = 600_000
const CLOCK_LIMIT_MS = 60_000
/** The guest tells whole seconds, and its answer was under way. */
const TOLERANCE_MS = 3_000

interface Awake {
  readonly helper: GuestHelper
  /** SMBIOS UUID of the machine that was rolled back: another one's holds and clock are nobody's business here. */
  readonly machine: string
  readonly clock: Clock
}

/**
 * After a roll back to a snapshot with memory: the guest runs on as it was, perhaps in the middle of a hold whose caller is gone, and its
 * clock stands where it stood. Whatever is held is released first, then the clock is set by the machine's. Resolves with what came
 * of it, never rejects but by an abort. May be repeated.
 */
export async function wakeGuest(awake: Awake, signal: AbortSignal): Promise<readonly Proof[]> {
  const released = await told('hold-released', signal, () => releaseAll(awake, signal))
  const set = await told('clock-set', signal, async () => {
    // Whoever answers says who he is only when it is done.
    await awake.helper.status({ signal, machine: awake.machine, timeoutMs: STATUS_LIMIT_MS })
    return setClock(awake, signal)
  })
  return [released, set]
}

async function told(code: string, signal: AbortSignal, act: () => Promise<Proof>): Promise<Proof> {
  try {
    return await act()
  } catch (thrown) {
    signal.throwIfAborted()
    const { message } = toStillshotError(thrown)
    return { claim: 'came-back', verdict: 'unknown', code: `${code}-unknown`, message }
  }
}

async function releaseAll({ helper, machine }: Awake, signal: AbortSignal): Promise<Proof> {
  const claim = 'came-back'
  const { holds } = await helper.status({ signal, machine, timeoutMs: STATUS_LIMIT_MS })
  const open = holds.filter(isOpenHold).map(({ id }) => id)
  for (const id of open) {
    const { ok, error } = await helper.release(id, { signal, machine, timeoutMs: RELEASE_LIMIT_MS })
    if (ok) continue
    const message = `hold ${id}, which was open in the memory, could not be released: ${error?.message ?? 'no reason given'}`
    return { claim, verdict: 'contradicted', code: 'hold-open', message }
  }
  const message =
    open.length === 0 ? 'no hold was open in the memory' : `released, for it was open in the memory: ${open.join(', ')}`
  return { claim, verdict: 'proven', code: open.length === 0 ? 'no-hold' : 'hold-released', message }
}

async function setClock({ helper, machine, clock }: Awake, signal: AbortSignal): Promise<Proof> {
  const claim = 'came-back'
  const askedAt = clock.now()
  const { beforeWallMs, wallMs } = await helper.setClock({ signal, machine, timeoutMs: CLOCK_LIMIT_MS })
  const answeredAt = clock.now()
  const wasBehind = `it was ${seconds(askedAt - beforeWallMs)} behind`
  if (wallMs >= askedAt - TOLERANCE_MS && wallMs <= answeredAt + TOLERANCE_MS) {
    return { claim, verdict: 'proven', code: 'clock-set', message: `the guest's clock is set; ${wasBehind}` }
  }
  const message = `the guest's clock is ${seconds(answeredAt - wallMs)} behind ours, also after it was set by its machine's: set it before anything writes`
  return { claim, verdict: 'contradicted', code: 'clock-wrong', message }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`
}
