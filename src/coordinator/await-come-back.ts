import type { Proof } from '../grade/proof.ts'
import type { Application } from '../guest/application.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import { proveOneHelper } from '../guest/one-helper.ts'
import type { ComeBackAnswer, ProbeAnswer } from '../guest/protocol/answers.ts'
import type { Clock } from '../system/clock.ts'
import { retry } from '../system/retry.ts'

export interface CameBack {
  readonly answer: ComeBackAnswer
  readonly proofs: readonly Proof[]
  /** True when every claim that was waited for is proven. */
  readonly complete: boolean
}

export interface Wanted {
  readonly profile: string
  readonly holdId?: string
  /** What the preflight saw: the same machine must answer, and be as it was. */
  readonly before?: ProbeAnswer
  readonly claims: readonly Proof['claim'][]
  readonly limitMs: number
  /** An answer that is there already; it is judged before anything is asked. */
  readonly first?: ComeBackAnswer
}

/**
 * Asks the guest how everything is until it is all back or the limit is over; resolves with the last answer either way,
 * and rejects when there was none. A connection that fails meanwhile is opened again.
 * Web servers and replicas may take a little longer than the first SELECT 1.
 */
export async function awaitComeBack(
  { application, helper, clock }: { application: Application; helper: GuestHelper; clock: Clock },
  want: Wanted,
  signal: AbortSignal,
): Promise<CameBack> {
  const begunAt = clock.monotonic()
  const uuid = want.before?.uuid ?? null
  const machine = uuid === null ? {} : { machine: uuid }
  const ask = () => helper.comeBack(want.profile, want.holdId, { ...machine, signal, timeoutMs: 60_000 })
  let first = want.first
  for (;;) {
    const answer = first ?? (await retry(ask, { clock, signal, pauseMs: 1_000, limitMs: want.limitMs }))
    first = undefined
    const proofs = [
      ...application.proveComeBack(want.before, answer),
      ...(want.before === undefined ? [] : [proveOneHelper(want.before, [answer])]),
    ]
    const complete = want.claims.every((claim) => {
      const about = proofs.filter((proof) => proof.claim === claim)
      return about.length > 0 && about.every(({ verdict }) => verdict === 'proven')
    })
    if (complete || isFinal(proofs, want.claims) || clock.monotonic() - begunAt >= want.limitMs)
      return { answer, proofs, complete }
    await clock.sleep(1_000, signal)
  }
}

/** What the log says about the start does not change by waiting. */
function isFinal(proofs: readonly Proof[], claims: readonly Proof['claim'][]): boolean {
  const failing = proofs.filter(({ claim, verdict }) => claims.includes(claim) && verdict !== 'proven')
  return failing.every(({ claim, verdict }) => claim === 'no-crash-recovery' && verdict === 'contradicted')
}
