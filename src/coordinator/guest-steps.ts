import { StillshotError, toStillshotError } from '../errors.ts'
import type { HelperCall } from '../guest/guest-helper.ts'
import { proveOneHelper } from '../guest/one-helper.ts'
import type { HoldAnswer, ReleaseAnswer } from '../guest/protocol/answers.ts'
import { isAnswerLost } from '../guest/refusals.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import type { UndoRecord } from '../saga/journal-event.ts'
import { retry } from '../system/retry.ts'
import { awaitComeBack, type CameBack } from './await-come-back.ts'
import type { Ports, VmSettings } from './ports.ts'
import type { Passed } from './preflight.ts'
import type { Run } from './run.ts'

/** How long web servers, replicas and the like may take after the first SELECT 1. */
const COME_BACK_LIMIT_MS = 60_000

/**
 * Lowers the dirty pages for a bounded time; the guest puts its settings back by itself if nobody else does. A drain that
 * fails costs a longer stop and nothing else: the run goes on.
 */
export async function drain(
  ports: Ports,
  run: Run,
  { name, profile, drainMs }: VmSettings,
  signal: AbortSignal,
): Promise<void> {
  if (drainMs <= 0) return
  const args = { profile: profile.name, hold: run.id }
  const seconds = Math.ceil(drainMs / 1000)
  const drained = run.saga.step(
    { step: 'drain', undo: { action: 'undrain', args, urgent: false, timeoutMs: 60_000 } },
    () => run.helper.drain(profile.name, run.id, seconds, { signal, timeoutMs: drainMs + 30_000 }),
    { facts: ({ dirtyBefore, dirtyAfter, waitedMs }) => ({ dirtyBefore, dirtyAfter, waitedMs }) },
  )
  await drained.catch(async (thrown) => {
    signal.throwIfAborted()
    const { code, message } = toStillshotError(thrown)
    if (code === 'state-unwritable') throw thrown
    ports.log.warn('the dirty pages could not be lowered', { vm: name, code, message })
    // It may go on in the guest, with the lock that the hold needs; what fails here stays due.
    const end = () => run.helper.undrain(profile.name, run.id, { signal, timeoutMs: 60_000 })
    if (isAnswerLost(thrown)) await end().catch(() => signal.throwIfAborted())
  })
}

/** The way back from a hold: urgent, and tried for as long as the hold may live. */
export function releaseHold(run: Run, { holdTtlMs }: VmSettings, { uuid }: Vm): UndoRecord {
  return { action: 'release-hold', args: { hold: run.id, machine: uuid }, urgent: true, timeoutMs: holdTtlMs }
}

/**
 * Stops the profile; resolves with the guest's evidence. The watchdog is armed before anything stops. Rejects, for the undo
 * to release, when another helper answers than the preflight saw.
 */
export async function holdGuest(
  run: Run,
  { name, profile, holdTtlMs }: VmSettings,
  { forecast, probe }: Pick<Passed, 'forecast' | 'probe'>,
  call: HelperCall,
): Promise<HoldAnswer> {
  const limits = { ttlMs: holdTtlMs, startMs: forecast.startMs }
  const machine = probe.uuid === null ? {} : { machine: probe.uuid }
  const hold = await run.helper.hold(profile.name, run.id, limits, { ...call, ...machine, timeoutMs: holdTtlMs })
  if (!hold.watchdogArmed) {
    throw new StillshotError('hold-refused', `${name}: the watchdog in the guest is not armed`)
  }
  const oneHelper = proveOneHelper(probe, [hold])
  if (oneHelper.verdict !== 'proven') throw new StillshotError('helper-altered', `${name}: ${oneHelper.message}`)
  return hold
}

/** What the timeline shows of a hold. */
export function holdFacts(hold: HoldAnswer): Readonly<Record<string, unknown>> {
  const { stopRequestedUptimeMs, stoppedUptimeMs, syncedUptimeMs, answeredUptimeMs, firesUptimeMs } = hold
  return { stopRequestedUptimeMs, stoppedUptimeMs, syncedUptimeMs, answeredUptimeMs, firesUptimeMs }
}

/**
 * Fence and start, repeated with the same id over new connections until the guest answers or the hold's time to live is
 * over. No abort ends it: the database comes back first.
 */
export function releaseGuest(
  ports: Ports,
  run: Pick<Run, 'id' | 'helper'>,
  { profile, holdTtlMs }: VmSettings,
  call: HelperCall,
): Promise<ReleaseAnswer> {
  const { clock } = ports.system
  const startMs = profile.components.reduce((sum, { startSeconds }) => sum + startSeconds * 1000, 60_000)
  return retry(() => run.helper.release(run.id, { ...call, timeoutMs: startMs }), {
    clock,
    pauseMs: 500,
    limitMs: holdTtlMs + startMs,
    when: isAnswerLost,
  })
}

/**
 * The guest's hold ended also where its release could not start everything and somebody else did: it would keep the next hold
 * out until its watchdog fires. False when the guest does not say so. Idempotent.
 */
export async function letGo(
  ports: Ports,
  run: Run,
  settings: VmSettings,
  { release, cameBack, machine }: { release: ReleaseAnswer; cameBack: CameBack | undefined; machine: string },
): Promise<boolean> {
  if (release.ok || cameBack?.complete !== true) return release.ok
  try {
    const again = () => releaseGuest(ports, run, settings, { machine })
    const { ok } = await run.saga.act('release', again, { settles: (answer) => (answer.ok ? ['hold'] : []) })
    return ok
  } catch (thrown) {
    ports.log.warn('the guest could not be let go', { vm: settings.name, message: String(thrown) })
    return false
  }
}

/**
 * Unit, socket, SELECT 1, log, replicas and web servers as before; undefined when the guest could not be asked. `held`: by
 * this run, and not by somebody else or by nobody.
 */
export async function lookWhatCameBack(
  ports: Ports,
  run: Run,
  settings: VmSettings,
  { probe }: Pick<Passed, 'probe'>,
  { held = true }: { held?: boolean } = {},
): Promise<CameBack | undefined> {
  const { application } = ports
  const { clock } = ports.system
  using deadline = clock.deadline(COME_BACK_LIMIT_MS * 2)
  const want = {
    profile: settings.profile.name,
    ...(held ? { holdId: run.id } : {}),
    before: probe,
    claims: ['came-back'] as const,
    limitMs: COME_BACK_LIMIT_MS,
  }
  try {
    return await awaitComeBack({ application, helper: run.helper, clock }, want, deadline.signal)
  } catch (thrown) {
    ports.log.warn('the guest could not be asked how it came back', { vm: settings.name, message: String(thrown) })
    return undefined
  }
}
