import type { Told } from './told.ts'

/** What is under test and has begun. */
export interface Begun {
  /** What its user was told; never rejects. */
  readonly ended: Promise<Told>
  /** Gives a signal to stillshot. */
  kill(signal: NodeJS.Signals): Promise<void> | void
}
