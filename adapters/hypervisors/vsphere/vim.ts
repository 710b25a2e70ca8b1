import type { Call } from '../../https/call.ts'
import type { Operation } from './operations.ts'
import type { Ref, Value } from './values.ts'

/** Parameters by name; a {@link Ref} as values.ts's `asValue` writes it. */
export type Fields = Readonly<Record<string, unknown>>

/** What a call is for. */
export interface Errand {
  readonly call: Call
  /** Names the act and its object in errors: `take snapshot s1 of db1`. */
  readonly doing: string
}

/**
 * All that this adapter wants of a client of the SOAP API; vim-client.ts is the one. Another could take its place: the
 * rest sees neither XML nor its package.
 */
export interface Vim {
  /**
   * One call, one answer: what stands in `returnval`. Rejects with a VimFault when the server says no, and with a
   * StillshotError when it cannot be asked: `answer-lost` when a change may have arrived.
   */
  invoke(operation: Operation, target: Ref, fields: Fields, errand: Errand): Promise<Value>
  /** Forgets the session, so that the next call comes as a stranger. */
  forget(): void
  /** Ends connections. Safe twice. */
  disconnect(): void
}
