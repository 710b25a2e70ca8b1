import type { ErrorCode } from './errors.ts'

/**
 * Who else depends on the data of a server: putting it back leaves them ahead of it. And `memory`: what ran in the machine runs on
 * from the snapshot's memory, as if no time had passed. Each is accepted by its name.
 */
export const CONSENTS = ['replicas', 'galera', 'group-replication', 'memory'] as const
export type Consent = (typeof CONSENTS)[number]

/**
 * One thing that a look before the act brought up. `refuse` stops the run before anything is touched, `warn` is shown
 * and kept with the run, `ok` is what `stillshot check` prints as passed.
 */
export interface Finding {
  readonly severity: 'refuse' | 'warn' | 'ok'
  /** Stable word for programs and documentation, e.g. `fast-shutdown-2`. */
  readonly code: string
  /** What was seen, with its values; lower case, no full stop. */
  readonly message: string
  /** The way out; empty only for `ok`. */
  readonly hint: string
  /** The error to report when this finding alone refuses; default `preflight-refused`. */
  readonly error?: ErrorCode
  /** What a restore of this machine needs to be told, whatever the severity for a hold is. */
  readonly consent?: Consent
}
