import { appendMark, type RollBackMark as Mark, splitMark } from '../../../src/hypervisor/roll-back-mark.ts'

/**
 * A snapshot's description as Proxmox VE keeps it: the caller's text, and perhaps a last line of ours that says how far a
 * roll back came. The caller's text comes back as it was.
 */
export interface StoredDescription {
  readonly text: string
  readonly mark?: RollBackMark
}

/** What was so before a roll back was asked for, so that its end can be told after a crash. */
export interface RollBackMark extends Mark {
  /** The VM's generation, which Proxmox VE renews at the end of a roll back. */
  readonly generation?: string
  /** The VM's process and how long it had run, in seconds: while it is still the same, no disk was touched. */
  readonly pid?: number
  readonly uptime?: number
  /** The newest roll back of the VM that was seen before. */
  readonly after?: string
}

/** Proxmox VE drops blanks at the end of a description, so something that can be seen through stands after them. */
const KEEPER = '\u2060'

export function readDescription(stored: string): StoredDescription {
  const { text, mark } = splitMark<RollBackMark>(stored)
  if (mark !== undefined) return { text, mark }
  return { text: text.endsWith(KEEPER) ? text.slice(0, -1) : text }
}

export function writeDescription({ text, mark }: StoredDescription): string {
  if (mark !== undefined) return appendMark(text, mark)
  return /[\s\u2060]$/.test(text) ? text + KEEPER : text
}
