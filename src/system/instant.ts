/** The pure conversions between the clock's milliseconds and the text form of a time; the one place in src/ that uses `Date`. */

/** ISO 8601, UTC, milliseconds: `2026-11-22T21:00:00.000Z`. */
export function formatInstant(epochMs: number): string {
  return new Date(epochMs).toISOString()
}

/** Milliseconds since 1970-01-01 UTC; NaN when the text is no time. */
export function parseInstant(text: string): number {
  return Date.parse(text)
}
