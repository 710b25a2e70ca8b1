/** Where a command prints. */
export interface Terminal {
  /** Standard output: results only. */
  out(text: string): void
  /** Standard error: progress, logs, errors. */
  err(text: string): void
  /** Somebody sits there: can be asked, sees live progress. */
  readonly interactive: boolean
  readonly columns: number
}
