/** The guest's helper as this version of stillshot ships it. */
export interface HelperFile {
  readonly content: string
  readonly sha256: string
  /** sha256 of helpers of earlier versions that speak the same protocol: a warning, not a refusal. */
  readonly olderSha256: readonly string[]
}
