import type { Finding } from '../finding.ts'
import type { Proof } from '../grade/proof.ts'
import type { Application } from '../guest/application.ts'
import { withSnapshotDisks } from '../guest/coverage.ts'
import type { CoveredDisk } from '../guest/covered-disk.ts'
import { proveOneHelper } from '../guest/one-helper.ts'
import type { ComeBackAnswer, Fenced, FenceFacts, HoldAnswer, ReleaseAnswer } from '../guest/protocol/answers.ts'
import type { Snapshot } from '../hypervisor/hypervisor.ts'
import type { Passed } from './preflight.ts'

/** When the hypervisor worked, by the coordinator's monotonic clock; times as the wall clock had them. */
export interface SnapshotTiming {
  readonly holdAnsweredMs: number
  readonly requestedMs: number
  readonly endedMs: number
  readonly releaseSentMs: number
  /** The release had to be sent again, so that only the guest knows which of them arrived. */
  readonly releaseRepeated: boolean
  readonly requestedAt: string
  readonly endedAt: string
}

/** The document that stays with a restore point. Raw facts of the guest are kept as they came. */
export interface Evidence {
  readonly version: 1
  readonly proofs: readonly Proof[]
  readonly findings: readonly Finding[]
  readonly coverage: readonly CoveredDisk[]
  readonly timing: SnapshotTiming
  /** What is ours of the outage: hold answered to snapshot requested, and task's end to release sent. */
  readonly coordinatorMs: number
  readonly hold: HoldAnswer
  readonly release: ReleaseAnswer
  readonly comeBack?: ComeBackAnswer
}

export interface Witnessed {
  readonly seen: Passed
  readonly hold: HoldAnswer
  readonly release: Fenced
  readonly snapshot: Snapshot
  readonly timing: SnapshotTiming
}

/** Every claim that the grade asks for, from what was witnessed. Pure. */
export function proveRun(
  application: Application,
  { seen, hold, release, snapshot, timing }: Witnessed,
): readonly Proof[] {
  return [
    seen.sameMachine,
    withSnapshotDisks(seen.coverage, snapshot.disks),
    ...proveHold(application, seen.probe, hold, release),
    proveInsideHold(timing),
  ]
}

/** The claims about the guest alone, which hold for anybody's snapshot that falls between hold and release. Pure. */
export function proveHold(
  application: Application,
  probe: Passed['probe'],
  hold: HoldAnswer,
  release: Fenced,
): readonly Proof[] {
  return [
    proveStillSameMachine(probe, hold, release),
    proveOneHelper(probe, [hold, release]),
    ...application.proveStop(probe, hold),
    proveSynced(hold),
    ...application.proveStoodStill(hold, release),
    proveWatchdogSilent(hold, release.fence),
    proveOneBoot(hold, release),
  ]
}

/** The hold's answer names the machine again: the address may have moved to another one since the preflight. */
function proveStillSameMachine(probe: Passed['probe'], hold: HoldAnswer, release: Fenced): Proof {
  const same = hold.uuid === probe.uuid && hold.bootId === probe.bootId && release.uuid === probe.uuid
  const message = `preflight saw ${probe.uuid} (boot ${probe.bootId}), the hold ${hold.uuid} (boot ${hold.bootId})`
  return same
    ? { claim: 'same-machine', verdict: 'proven', code: 'held-machine-same', message }
    : { claim: 'same-machine', verdict: 'contradicted', code: 'held-machine-differs', message }
}

function proveSynced({ synced, markers }: HoldAnswer): Proof {
  const claim = 'synced'
  // Where a file system is mounted on a directory of the server there is no place for a marker: its path is empty.
  const unwritten = markers.filter(({ written, path }) => !written && path !== '').map(({ mount }) => mount)
  if (unwritten.length > 0) {
    return {
      claim,
      verdict: 'unknown',
      code: 'marker-unwritten',
      message: `no marker could be written on ${unwritten.join(', ')}`,
    }
  }
  return synced && markers.length > 0
    ? {
        claim,
        verdict: 'proven',
        code: 'synced',
        message: `synced after the stop: ${markers.map(({ mount }) => mount).join(', ')}`,
      }
    : {
        claim,
        verdict: 'contradicted',
        code: 'sync-incomplete',
        message: 'the file systems were not all synced after the stop',
      }
}

function proveWatchdogSilent(hold: HoldAnswer, fence: FenceFacts | null): Proof {
  const claim = 'watchdog-silent'
  if (!hold.watchdogArmed) {
    return { claim, verdict: 'contradicted', code: 'watchdog-not-armed', message: 'the watchdog was not armed' }
  }
  if (fence === null) {
    return { claim, verdict: 'unknown', code: 'no-fence', message: 'the guest took no fence' }
  }
  if (fence.watchdog === 'fired') {
    const message = `the watchdog fired at ${fence.expiredUptimeMs ?? 'an unknown time'} (guest's uptime in ms)`
    return { claim, verdict: 'contradicted', code: 'watchdog-fired', message }
  }
  if (fence.watchdog === 'missing') {
    return { claim, verdict: 'contradicted', code: 'watchdog-missing', message: 'the watchdog was gone at the fence' }
  }
  return { claim, verdict: 'proven', code: 'watchdog-armed', message: 'armed at the hold and still armed at the fence' }
}

function proveOneBoot(hold: HoldAnswer, release: Fenced): Proof {
  return hold.bootId === release.bootId
    ? { claim: 'one-boot', verdict: 'proven', code: 'boot-id-equal', message: `boot ${hold.bootId} at hold and fence` }
    : {
        claim: 'one-boot',
        verdict: 'contradicted',
        code: 'rebooted',
        message: `the guest rebooted: ${hold.bootId}, then ${release.bootId}`,
      }
}

function proveInsideHold(timing: SnapshotTiming): Proof {
  const { holdAnsweredMs, requestedMs, endedMs, releaseSentMs } = timing
  const inside = holdAnsweredMs <= requestedMs && requestedMs <= endedMs && endedMs <= releaseSentMs
  const message = `hold answered at 0 ms, snapshot from ${Math.round(requestedMs - holdAnsweredMs)} to ${Math.round(endedMs - holdAnsweredMs)} ms, release sent at ${Math.round(releaseSentMs - holdAnsweredMs)} ms`
  return inside
    ? { claim: 'inside-hold', verdict: 'proven', code: 'inside-hold', message }
    : { claim: 'inside-hold', verdict: 'contradicted', code: 'outside-hold', message }
}
