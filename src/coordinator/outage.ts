import type { Outage } from '../catalog/catalog.ts'
import type { HoldAnswer, ReleaseAnswer } from '../guest/protocol/answers.ts'

export interface OutageTiming {
  readonly holdAnsweredMs: number
  readonly releaseSentMs: number
  /** True when only the guest knows when the release arrived: its own clock then counts for the time held, too. */
  readonly releaseRepeated: boolean
}

/**
 * The outage in its four parts, which sum to the total. Stop, start and ready are the guest's monotonic clock; the
 * snapshot is the coordinator's (hold's answer until the release was sent), because a guest's clock may stand still while
 * the hypervisor works. A hold that the watchdog ended is counted until it fired. Where the server never answered,
 * `readyMs` counts until the release's own answer.
 */
export function measureOutage(
  hold: Pick<HoldAnswer, 'stopRequestedUptimeMs' | 'answeredUptimeMs'>,
  release: Pick<ReleaseAnswer, 'fence' | 'startRequestedUptimeMs' | 'startedUptimeMs' | 'readyUptimeMs' | 'uptimeMs'>,
  timing: OutageTiming,
): Outage {
  const stopMs = part(hold.answeredUptimeMs - hold.stopRequestedUptimeMs)
  const { fence } = release
  const expired = fence?.expiredUptimeMs ?? undefined
  if (expired !== undefined) return sum(stopMs, part(expired - hold.answeredUptimeMs), 0, 0)
  const releaseBegan = fence?.takenUptimeMs ?? release.startRequestedUptimeMs ?? release.uptimeMs
  const ready = release.readyUptimeMs ?? release.uptimeMs
  const started = Math.min(release.startedUptimeMs ?? ready, ready)
  const held = timing.releaseRepeated
    ? releaseBegan - hold.answeredUptimeMs
    : timing.releaseSentMs - timing.holdAnsweredMs
  return sum(stopMs, part(held), part(started - releaseBegan), part(ready - started))
}

function sum(stopMs: number, snapshotMs: number, startMs: number, readyMs: number): Outage {
  return { stopMs, snapshotMs, startMs, readyMs, totalMs: stopMs + snapshotMs + startMs + readyMs }
}

function part(ms: number): number {
  return Math.max(0, Math.round(ms))
}
