/** What a suite's process tells the runner, one message each. */
export type SuiteEvent =
  | {
      readonly kind: 'test'
      readonly outcome: 'passed' | 'failed' | 'skipped'
      /** Names of the suites around it and its own. */
      readonly name: string
      readonly place: string
      readonly durationMs: number
      /** Why it failed; empty otherwise. */
      readonly error: string
    }
  /** Every test that is known by now has ended. */
  | { readonly kind: 'end' }
