/**
 * A snapshot's description as vSphere keeps it: the caller's text, and perhaps a last line of ours that says how far a
 * roll back came. The caller's text comes back as it was.
 */
export interface StoredDescription {
  readonly text: string
  readonly mark: RollBackMark | undefined
}

/** What was so before a roll back was asked for, so that its end can be told after a crash. */
export interface RollBackMark {
  readonly token: string
  readonly state: 'begun' | 'done'
  /** When the VM was started, if it ran: while that is still the same, no disk was touched. */
  readonly bootTime?: string
  /** The snapshot that it stood on. */
  readonly stoodOn?: string
  /** The newest roll back of the VM that was seen before. */
  readonly after?: string
}

const OPENING = '[stillshot roll-back '

export function readDescription(stored: string): StoredDescription {
  const at = stored.lastIndexOf(OPENING)
  const mark = at === -1 ? undefined : readMark(stored.slice(at))
  if (mark === undefined) return { text: stored, mark }
  return { text: stored.slice(0, Math.max(0, at - 1)), mark }
}

export function writeDescription({ text, mark }: StoredDescription): string {
  return mark === undefined ? text : `${text}\n${OPENING}${JSON.stringify(mark)}]`
}

function readMark(line: string): RollBackMark | undefined {
  if (!line.endsWith(']')) return undefined
  try {
    const mark = JSON.parse(line.slice(OPENING.length, -1)) as Partial<RollBackMark>
    return typeof mark.token === 'string' ? { ...mark, token: mark.token, state: mark.state ?? 'begun' } : undefined
  } catch {
    return undefined
  }
}
