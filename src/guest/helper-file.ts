/** The guest's helper as this version of stillshot ships it. */
export interface HelperFile {
  readonly content: string
  readonly sha256: string
  /** sha256 of helpers of earlier versions that speak the same protocol: a warning, not a refusal. */
  readonly olderSha256: readonly string[]
  /** The scripts that install and remove what calls the helper's freeze and thaw; only where the guest is to be changed. */
  readonly freezeHook?: { readonly install: string; readonly remove: string }
}

/** Which helper of ours has this sha256; undefined for one that is none of ours. */
export function knownHelper({ sha256, olderSha256 }: HelperFile, given: string): 'current' | 'older' | undefined {
  if (given === sha256) return 'current'
  return olderSha256.includes(given) ? 'older' : undefined
}
