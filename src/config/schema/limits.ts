export interface Limits {
  readonly least: string
  readonly most: string
}

/** What a duration of the configuration may be, both ends included. */
export const LIMITS = {
  /** A probe more often than every second costs more than it tells; one less often is no sign of life. */
  keepAlive: { least: '1s', most: '5m' },
  connectTimeout: { least: '1s', most: '5m' },
  /** The helper's own bounds: adapters/guests/helper/parts/60-hold.sh. */
  ttl: { least: '5s', most: '1h' },
} as const satisfies Record<string, Limits>
