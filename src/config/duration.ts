import { DURATION_PATTERN } from './schema/values.ts'

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of a duration as the schema allows it: `500ms`, `120s`, `5m`, `1h`, `2d`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = new RegExp(DURATION_PATTERN).exec(text) ?? []
  const unitMs = UNITS_MS[unit ?? '']
  return amount === undefined || unitMs === undefined ? undefined : Number(amount) * unitMs
}

/** Milliseconds of a duration that passed validation. */
export function durationMs(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new TypeError(`not a duration: ${text}`)
  return ms
}
