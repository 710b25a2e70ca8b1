import type { Finding } from '../finding.ts'
import type { CallOptions } from '../system/clock.ts'

/**
 * Port: seals streams so that only their recipients read them. What stores them needs no secret for it. Passes
 * test/conformance/sealing.ts.
 */
export interface Sealing {
  readonly kind: 'age'
  /** This machine has an identity that is meant to open what is sealed here. */
  readonly opens: boolean
  /** Bytes of any length, as they come. Rejects with what `bytes` throws, and with `sealing-failed`. */
  seal(bytes: AsyncIterable<Uint8Array>, options?: CallOptions): AsyncIterable<Uint8Array>
  /**
   * Undoes {@link seal}. Rejects with `identity-missing` where this machine has none, or another one, and with `backup-damaged`
   * for what was not sealed so or was changed since.
   */
  open(bytes: AsyncIterable<Uint8Array>, name: string, options?: CallOptions): AsyncIterable<Uint8Array>
  /** Does what is sealed now open with the identity of this machine, if it has one? Never rejects. */
  check(options?: CallOptions): Promise<readonly Finding[]>
}

/** How a name ends, and what a person types, for each kind. */
export const SEALED = { age: { suffix: 'age', open: 'age -d -i IDENTITY' } } as const
