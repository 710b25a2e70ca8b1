/** What the guest is to do with what was unpacked beside what is there. */
export interface OverOrder {
  readonly profile: string
  /** Names what was unpacked; the hold that keeps the application still has the same id. */
  readonly run: string
  /** `done`: it is not to be put back any more. */
  readonly way: 'forward' | 'back' | 'done'
  /** The application stands still, or else nothing is written. */
  readonly held: boolean
  readonly paths: readonly string[]
}
