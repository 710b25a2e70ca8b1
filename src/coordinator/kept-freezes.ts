import { toStillshotError } from '../errors.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import type { ComeBackAnswer, HoldAnswer, KeptAnswer, ProbeAnswer, ReleaseAnswer } from '../guest/protocol/answers.ts'
import { Refusal, readAnswer, type Verb } from '../guest/protocol/validate.ts'
import type { CallOptions, Clock } from '../system/clock.ts'
import type { FreezeWindow } from './match-freeze.ts'

/** A freeze that waited in the guest: everything that it showed, checked like an answer that comes by itself. */
export interface KeptFreeze {
  readonly id: string
  readonly source: string
  readonly profile: string
  readonly window: FreezeWindow
  readonly probe: ProbeAnswer
  readonly hold: HoldAnswer
  readonly release: ReleaseAnswer
  readonly comeBack?: ComeBackAnswer
}

/** What is kept and cannot be understood: it is evidence of nothing. */
export interface UnreadableFreeze {
  readonly id: string
  readonly problem: string
}

type FrozenAt = Pick<NonNullable<KeptAnswer['freeze']>, 'calledWallMs' | 'calledUptimeMs' | 'calledClocks'>
/** `machine`: the SMBIOS UUID that must answer. */
export type KeptCall = CallOptions & { readonly machine: string }

/** All that is kept in the guest, oldest first. Changes nothing. */
export async function readKeptFreezes(
  helper: GuestHelper,
  clock: Clock,
  ids: readonly string[],
  call: KeptCall,
): Promise<readonly (KeptFreeze | UnreadableFreeze)[]> {
  const freezes: (KeptFreeze | UnreadableFreeze)[] = []
  for (const id of ids) {
    let told = await tell(helper, clock, id, call)
    for (let again = 0; again < 2 && told.tookMs > BRIEF_MS; again += 1) told = await tell(helper, clock, id, call)
    freezes.push(readKept(id, told))
  }
  return freezes
}

/** An answer that took longer says too little of when the guest's clocks were read. */
const BRIEF_MS = 5_000

interface Told {
  readonly kept: KeptAnswer
  /** Half the way there and back: the guest's clocks were read somewhere in between. */
  readonly nowMs: number
  readonly tookMs: number
}

async function tell(helper: GuestHelper, clock: Clock, id: string, call: KeptCall): Promise<Told> {
  const [askedMs, begunMs] = [clock.now(), clock.monotonic()]
  const kept = await helper.kept(id, call)
  const tookMs = clock.monotonic() - begunMs
  return { kept, nowMs: askedMs + tookMs / 2, tookMs }
}

function readKept(id: string, { kept, nowMs, tookMs }: Told): KeptFreeze | UnreadableFreeze {
  const { freeze } = kept
  if (freeze === null) return { id, problem: 'it is not a whole document' }
  try {
    const probe = part('probe', '', freeze.probe)
    const hold = part('hold', id, freeze.holdAnswer)
    const release = part('release', id, freeze.releaseAnswer)
    const { source, profile, calledWallMs, calledUptimeMs } = freeze
    // In another boot uptimes are strangers to each other, and only the guest's wall clock leads from one to the other.
    const sameBoot = kept.bootId === hold.bootId
    const bootedMs = sameBoot
      ? nowMs - kept.uptimeMs
      : calledWallMs + MIDDLE_OF_SECOND_MS - calledUptimeMs + (nowMs - kept.wallMs - MIDDLE_OF_SECOND_MS)
    const window = {
      calledMs: bootedMs + calledUptimeMs,
      heldMs: bootedMs + hold.answeredUptimeMs,
      releasedMs: bootedMs + (release.fence?.takenUptimeMs ?? release.uptimeMs),
      ...(tookMs > BRIEF_MS ? { doubt: `the guest took ${tookMs} ms to say when it was frozen` } : {}),
      ...(sameBoot ? doubtOf(kept, freeze) : { doubt: OTHER_BOOT }),
    }
    const comeBack = freeze.comeBack === null ? {} : { comeBack: part('come-back', id, freeze.comeBack) }
    return { id, source, profile, window, probe, hold, release, ...comeBack }
  } catch (thrown) {
    return { id, problem: toStillshotError(thrown).message }
  }
}

const OTHER_BOOT = 'the guest was started again since it was frozen, and nobody knows what was done to its clock'

/**
 * Two readings in whole seconds are up to one second apart from each other, and each uptime is up to half of its spread from
 * the reading beside it: where both spreads together are no more than this, a guest that was never paused stays within it.
 */
const CLOCKS_AGREE_MS = 2_000

/** A guest that was paused since, or whose clock was set, does not know how long ago it was frozen. */
function doubtOf(kept: KeptAnswer, frozen: FrozenAt): { readonly doubt?: string } {
  const spreadMs = (kept.clocks?.spreadMs ?? 0) + (frozen.calledClocks?.spreadMs ?? 0)
  if (spreadMs > CLOCKS_AGREE_MS) return { doubt: `the guest took ${spreadMs} ms to read its two clocks` }
  const byWallMs = kept.wallMs - frozen.calledWallMs
  const byUptimeMs = (kept.clocks?.uptimeMs ?? kept.uptimeMs) - (frozen.calledClocks?.uptimeMs ?? frozen.calledUptimeMs)
  if (Math.abs(byWallMs - byUptimeMs) <= CLOCKS_AGREE_MS) return {}
  return { doubt: `the guest’s clocks do not agree how long ago it was frozen: ${byWallMs} ms, or ${byUptimeMs} ms` }
}

/** The guest says its wall clock in whole seconds. */
const MIDDLE_OF_SECOND_MS = 500

function part<V extends Verb>(verb: V, hold: string, document: unknown) {
  const answer = readAnswer(verb, hold, JSON.stringify(document))
  if (answer instanceof Refusal) throw new Error(`'${verb}' was refused: ${answer.message}`)
  return answer
}
