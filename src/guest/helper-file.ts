/** The guest's helper as this version of stillshot ships it. */
export interface HelperFile {
  readonly content: string
  readonly sha256: string
  /** sha256 of helpers of earlier versions that speak the same protocol: a warning, not a refusal. */
  readonly olderSha256: readonly string[]
  /** The scripts that install and remove what calls the helper's freeze and thaw; only where the guest is to be changed. */
  readonly freezeHook?: { readonly install: string; readonly remove: string }
}
