import { StillshotError } from '../errors.ts'

const SHORTEST_BEGINNING = 4

/** What an admin typed as the beginning of an id, as ids are written. Throws `usage` when it is too short to mean one. */
export function idBeginning(typed: string): string {
  if (typed.length >= SHORTEST_BEGINNING) return typed.toUpperCase()
  throw new StillshotError('usage', `"${typed}" is too short: give at least ${SHORTEST_BEGINNING} characters of the id`)
}

/** The one match, undefined for none. Throws `usage` with the ids when there are several and none is meant exactly. */
export function onlyMatch<T extends { readonly id: string }>(beginning: string, matches: readonly T[]): T | undefined {
  const exact = matches.find((match) => match.id === beginning)
  if (exact !== undefined || matches.length < 2) return exact ?? matches[0]
  const ids = matches.map((match) => match.id)
  throw new StillshotError('usage', `${beginning} begins several restore points: ${ids.join(', ')}`, {
    details: { ids },
  })
}
