import { appendMark, type RollBackMark as Mark, splitMark } from '../../../src/hypervisor/roll-back-mark.ts'

/**
 * A snapshot's description as vSphere keeps it: the caller's text, and perhaps a last line of ours that says how far a
 * roll back came. The caller's text comes back as it was.
 */
export interface StoredDescription {
  readonly text: string
  readonly mark: RollBackMark | undefined
}

/** What was so before a roll back was asked for, so that its end can be told after a crash. */
export interface RollBackMark extends Mark {
  /** When the VM was started, if it ran: while that is still the same, no disk was touched. */
  readonly bootTime?: string
  /** The snapshot that it stood on. */
  readonly stoodOn?: string
  /** The newest roll back of the VM that was seen before. */
  readonly after?: string
}

export function readDescription(stored: string): StoredDescription {
  return splitMark<RollBackMark>(stored)
}

export function writeDescription({ text, mark }: StoredDescription): string {
  return mark === undefined ? text : appendMark(text, mark)
}
