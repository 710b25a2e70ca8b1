import type { Forecast } from '../../../src/guest/application.ts'
import type { ProbeAnswer } from '../../../src/guest/protocol/answers.ts'

const DEFAULT_STOP_MS = 5_000
const DEFAULT_START_MS = 10_000
/** A stop without a single dirty page took this long on a busy machine. */
const LEAST_STOP_MS = 2_000
/** Pages a second that any storage of today writes; a higher innodb_io_capacity_max says that it writes more. */
const LEAST_PAGES_PER_SECOND = 2_000

/** See Application.forecast. The longer of what the last hold took and what the dirty pages will take. */
export function forecast({ dbms, lastStopMs, lastStartMs }: ProbeAnswer): Forecast {
  const flushMs = dbms === null ? 0 : forecastFlushMs(dbms)
  return {
    stopMs: Math.max(positive(lastStopMs) ?? DEFAULT_STOP_MS, LEAST_STOP_MS + flushMs),
    startMs: positive(lastStartMs) ?? DEFAULT_START_MS,
  }
}

/** How long the dirty pages that the probe saw will take to be written, in milliseconds. */
export function forecastFlushMs({ status, variables }: NonNullable<ProbeAnswer['dbms']>): number {
  const dirty = positive(Number(status.innodb_buffer_pool_pages_dirty)) ?? 0
  const capacity = positive(Number(variables.innodb_io_capacity_max)) ?? 0
  return Math.ceil((dirty * 1000) / Math.max(capacity, LEAST_PAGES_PER_SECOND))
}

function positive(value: number | null): number | undefined {
  return value !== null && Number.isFinite(value) && value > 0 ? value : undefined
}
