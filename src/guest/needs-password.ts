const WITHOUT: ReadonlySet<string> = new Set(['renew', 'whole', 'status', 'forget', 'over'])

/** False for verbs that keep things as they are, or tell: they must not wait for a vault. */
export function needsPassword(verb: string): boolean {
  return !WITHOUT.has(verb)
}
