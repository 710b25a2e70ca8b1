import type { Outage } from '../catalog/catalog.ts'
import type { HoldAnswer, ReleaseAnswer } from '../guest/protocol/answers.ts'

/**
 * The outage in its four parts, which sum to the total. Stop, start and ready are the guest's monotonic clock; the
 * snapshot is the coordinator's (hold's answer until the release was sent), because a guest's clock may stand still while
 * the hypervisor works. Where the server never answered, `readyMs` counts until the release's own answer.
 */
export function measureOutage(
  hold: Pick<HoldAnswer, 'stopRequestedUptimeMs' | 'answeredUptimeMs'>,
  release: Pick<ReleaseAnswer, 'fence' | 'startRequestedUptimeMs' | 'startedUptimeMs' | 'readyUptimeMs' | 'uptimeMs'>,
  timing: { readonly holdAnsweredMs: number; readonly releaseSentMs: number },
): Outage {
  const releaseBegan = release.fence?.takenUptimeMs ?? release.startRequestedUptimeMs ?? release.uptimeMs
  const ready = release.readyUptimeMs ?? release.uptimeMs
  const started = Math.min(release.startedUptimeMs ?? ready, ready)
  const stopMs = part(hold.answeredUptimeMs - hold.stopRequestedUptimeMs)
  const snapshotMs = part(timing.releaseSentMs - timing.holdAnsweredMs)
  const startMs = part(started - releaseBegan)
  const readyMs = part(ready - started)
  return { stopMs, snapshotMs, startMs, readyMs, totalMs: stopMs + snapshotMs + startMs + readyMs }
}

function part(ms: number): number {
  return Math.max(0, Math.round(ms))
}
