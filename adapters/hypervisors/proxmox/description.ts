/**
 * A snapshot's description as Proxmox VE keeps it: the caller's text, and perhaps a last line of ours that says how far a
 * roll back came. The caller's text comes back as it was.
 */
export interface StoredDescription {
  readonly text: string
  readonly mark?: RollBackMark
}

/** What was so before a roll back was asked for, so that its end can be told after a crash. */
export interface RollBackMark {
  readonly token: string
  readonly state: 'begun' | 'done'
  /** The VM's generation, which Proxmox VE renews at the end of a roll back. */
  readonly generation?: string
  /** The VM's process and how long it had run, in seconds: while it is still the same, no disk was touched. */
  readonly pid?: number
  readonly uptime?: number
  /** The newest roll back of the VM that was seen before. */
  readonly after?: string
}

const OPENING = '[stillshot roll-back '

/** Proxmox VE drops blanks at the end of a description, so something that can be seen through stands after them. */
const KEEPER = '\u2060'

export function readDescription(stored: string): StoredDescription {
  const at = stored.lastIndexOf(OPENING)
  const mark = at === -1 ? undefined : readMark(stored.slice(at))
  if (mark === undefined) return { text: stored.endsWith(KEEPER) ? stored.slice(0, -1) : stored }
  return { text: stored.slice(0, Math.max(0, at - 1)), mark }
}

export function writeDescription({ text, mark }: StoredDescription): string {
  if (mark !== undefined) return `${text}\n${OPENING}${JSON.stringify(mark)}]`
  return /[\s\u2060]$/.test(text) ? text + KEEPER : text
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
