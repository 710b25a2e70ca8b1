/** How far a roll back came, on a hypervisor that has no name for one: kept in the snapshot's own description. */
export interface RollBackMark {
  readonly token: string
  readonly state: 'begun' | 'done'
}

const OPENING = '[stillshot roll-back '

/** The caller's text, as it was given, and the mark in the last line of a stored description. Pure. */
export function splitMark<Mark extends RollBackMark>(stored: string): { text: string; mark: Mark | undefined } {
  const at = stored.lastIndexOf(OPENING)
  const mark = at === -1 ? undefined : readMark<Mark>(stored.slice(at))
  return mark === undefined ? { text: stored, mark } : { text: stored.slice(0, Math.max(0, at - 1)), mark }
}

/** What {@link splitMark} takes apart. Pure. */
export function appendMark(text: string, mark: RollBackMark): string {
  return `${text}\n${OPENING}${JSON.stringify(mark)}]`
}

function readMark<Mark extends RollBackMark>(line: string): Mark | undefined {
  if (!line.endsWith(']')) return undefined
  try {
    const mark = JSON.parse(line.slice(OPENING.length, -1)) as Partial<Mark>
    return typeof mark.token === 'string' ? ({ ...mark, state: mark.state ?? 'begun' } as Mark) : undefined
  } catch {
    return undefined
  }
}
