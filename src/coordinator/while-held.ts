import type { HoldAnswer, ReleaseAnswer } from '../guest/protocol/answers.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import type { CameBack } from './await-come-back.ts'
import { holdFacts, holdGuest, letGo, lookWhatCameBack, releaseGuest } from './guest-steps.ts'
import { phase } from './phase.ts'
import type { Phase, Ports, VmSettings } from './ports.ts'
import type { Passed } from './preflight.ts'
import type { Run } from './run.ts'
import type { Timing } from './timing.ts'

export interface Held<T> {
  readonly hold: HoldAnswer
  /** What was made while the database stood still. */
  readonly made: T
  readonly release: ReleaseAnswer
  readonly cameBack: CameBack | undefined
  /** The guest's hold is over. */
  readonly isFree: boolean
}

/**
 * Holds the guest, does `work` while its database stands still, releases, and looks how it came back. The steps `hold` and
 * `release` must be intended, and `work` journals its own. Rejects when the hold or the work fails: the run's undo releases.
 * `work` calls `onMade` as soon as the point in time lies behind: the guest is then released while the work goes on, and whatever
 * becomes of the work, nothing is given up before that release has ended.
 */
export async function whileHeld<T>(
  ports: Ports,
  run: Run,
  settings: VmSettings,
  { vm, seen, timing, signal }: { vm: Vm; seen: Passed; timing: Timing; signal: AbortSignal },
  work: (hold: HoldAnswer, onMade: () => void) => Promise<T>,
): Promise<Held<T>> {
  const { saga } = run
  const during = <R>(name: Phase, act: () => Promise<R>) => phase(ports, settings.name, name, act)
  const call = {
    signal,
    // Behind the hold's own request, which must not be the one that a limit of sshd's refuses.
    onSent: () => run.helper.prepareRelease(run.id),
    onAnswered: () => timing.mark('holdAnswered'),
  }
  const hold = await during('hold', () =>
    saga.act('hold', () => holdGuest(run, settings, seen, call), { facts: holdFacts, settles: ['drain'] }),
  )
  const machine = hold.uuid ?? vm.uuid
  const early = Promise.withResolvers<void>()
  const working = work(hold, early.resolve)
  await during('snapshot', () => Promise.race([early.promise, working]))
  const releasing = during('release', () =>
    saga.act(
      'release',
      () => releaseGuest(ports, run, settings, { machine, onSent: () => timing.mark('releaseSent') }),
      // What could not be started is due until the run ends, and tried again should it die before.
      { settles: ({ ok }) => (ok ? ['hold'] : []) },
    ),
  )
  // Both to their ends, before anything is taken back: an undo must meet neither.
  await Promise.allSettled([releasing, working])
  const release = await releasing
  const made = await working
  // Everything slow happens after it is back; from here on nothing is given up, whoever aborts.
  const cameBack = await during('come-back', () => lookWhatCameBack(ports, run, settings, seen))
  const isFree = await letGo(ports, run, settings, { release, cameBack, machine })
  return { hold, made, release, cameBack, isFree }
}
