import type { Finding } from '../finding.ts'
import type { Forecast } from '../guest/application.ts'
import type { ProbeAnswer } from '../guest/protocol/answers.ts'
import { isOwn } from './own-points.ts'
import type { Ports, VmSettings } from './ports.ts'

/** What a hypervisor's snapshot task is taken to last when there is no earlier one of this VM. */
const FIRST_SNAPSHOT_MS = 3_000
/** Kept between the end of the snapshot and the watchdog, so that a release on time is never overtaken. */
export const WATCHDOG_MARGIN_MS = 2_000
/** The helper arms its watchdog this much earlier, because the watchdog may have to wait so long for the helper's lock. */
export const WATCHDOG_LOCK_MS = 5_000

export interface OutageForecast extends Forecast {
  readonly snapshotMs: number
  readonly totalMs: number
}

/** The outage that this run would cause, held against the budget and against the hold's time to live. */
export async function forecastFindings(
  { application, catalog }: Pick<Ports, 'application' | 'catalog'>,
  settings: VmSettings,
  probe: ProbeAnswer,
): Promise<{ forecast: OutageForecast; findings: readonly Finding[] }> {
  const { stopMs, startMs } = application.forecast(probe)
  const points = await catalog.points({ vm: settings.name })
  const ours = points.filter(isOwn)
  const earlier = ours.flatMap(({ outage }) => (outage === undefined ? [] : [outage.snapshotMs])).slice(0, 5)
  const snapshotMs = medianOf(earlier) ?? FIRST_SNAPSHOT_MS
  const totalMs = stopMs + snapshotMs + startMs
  const forecast = { stopMs, snapshotMs, startMs, totalMs }
  return { forecast, findings: [ttlFinding(settings, forecast), budgetFinding(settings, forecast)] }
}

/** The middle one: a single slow task does not keep a VM from being snapshotted ever after. */
function medianOf(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

function ttlFinding({ holdTtlMs }: VmSettings, forecast: OutageForecast): Finding {
  const neededMs = forecast.totalMs + WATCHDOG_MARGIN_MS + WATCHDOG_LOCK_MS
  if (neededMs <= holdTtlMs) {
    return {
      severity: 'ok',
      code: 'ttl-long-enough',
      message: `time to live ${holdTtlMs} ms, needed ${neededMs} ms`,
      hint: '',
    }
  }
  const message = `the hold's time to live is ${holdTtlMs} ms, the forecast needs ${neededMs} ms (${parts(forecast)})`
  return { severity: 'refuse', code: 'ttl-too-short', message, hint: 'raise `hold.ttl`' }
}

function budgetFinding({ budgetMs }: VmSettings, forecast: OutageForecast): Finding {
  if (forecast.totalMs <= budgetMs) {
    return {
      severity: 'ok',
      code: 'within-budget',
      message: `forecast outage ${forecast.totalMs} ms (${parts(forecast)})`,
      hint: '',
    }
  }
  const message = `the forecast outage is ${forecast.totalMs} ms (${parts(forecast)}), the budget ${budgetMs} ms`
  return { severity: 'refuse', code: 'over-budget', message, hint: 'raise `hold.budget`, or choose a quieter hour' }
}

function parts({ stopMs, snapshotMs, startMs }: OutageForecast): string {
  return `stop ${stopMs}, snapshot ${snapshotMs}, start ${startMs}`
}
