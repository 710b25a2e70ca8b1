import type { ProcessIdentity } from '../system/processes.ts'

/** How to take a step back, as data: it outlives the process that wrote it. */
export interface UndoRecord {
  /** A key of the coordinator's undo table. */
  readonly action: string
  readonly args: Readonly<Record<string, string>>
  /** Carried out before every undo that is not urgent: the database comes back before anything is tidied. */
  readonly urgent: boolean
  /** Left alone, and open, when any undo before it failed: a VM's lock is not given away while something is still open. */
  readonly onlyAfterAll?: boolean
  /** What a person types where this undo cannot be carried out. */
  readonly byHand?: string
  readonly timeoutMs: number
}

interface RunBegun {
  readonly event: 'run-begun'
  readonly version: 1
  readonly run: string
  readonly at: string
  readonly procedure: string
  /** Name under `vms:`. */
  readonly vm: string
  readonly owner: ProcessIdentity
}

interface Intent {
  readonly event: 'intent'
  readonly at: string
  readonly step: string
  readonly undo?: UndoRecord
  /** Steps whose undo is no longer due from here on, because this step's undo serves for them. */
  readonly replaces?: readonly string[]
}

interface Done {
  readonly event: 'done'
  readonly at: string
  readonly step: string
  /** Steps whose undo is no longer due. */
  readonly settles?: readonly string[]
  /** What a person wants to see in the timeline; plain JSON, never a secret. */
  readonly facts?: Readonly<Record<string, unknown>>
}

interface Failed {
  readonly event: 'failed' | 'undo-failed'
  readonly at: string
  readonly step: string
  readonly code: string
  readonly message: string
}

interface Undone {
  readonly event: 'undone'
  readonly at: string
  readonly step: string
  /** What was found when it was taken back and is worth telling: the disks are at the restore point. */
  readonly note?: string
}

export type RunOutcome = 'done' | 'failed' | 'undone' | 'undo-failed' | 'held' | 'recovered'

interface RunEnded {
  readonly event: 'run-ended'
  readonly at: string
  readonly outcome: RunOutcome
}

/** One line of `runs/<id>.jsonl`. */
export type JournalEvent = RunBegun | Intent | Done | Failed | Undone | RunEnded

export interface OpenUndo {
  readonly step: string
  readonly undo: UndoRecord
}

/**
 * What must still be taken back, in the order in which to do it: urgent ones first, then the latest step first. An undo
 * is due from its intent on, not from success: a stop whose answer was lost still stopped the database.
 */
export function openUndos(events: readonly JournalEvent[]): readonly OpenUndo[] {
  const open = new Map<string, UndoRecord>()
  for (const event of events) {
    if (event.event === 'intent') {
      for (const step of event.replaces ?? []) open.delete(step)
      if (event.undo !== undefined) open.set(event.step, event.undo)
    } else if (event.event === 'done') {
      for (const step of event.settles ?? []) open.delete(step)
    } else if (event.event === 'undone') {
      open.delete(event.step)
    }
  }
  const latestFirst = [...open].map(([step, undo]) => ({ step, undo })).reverse()
  return [...latestFirst.filter(({ undo }) => undo.urgent), ...latestFirst.filter(({ undo }) => !undo.urgent)]
}

/** True when the run said its last word; one that ended `undo-failed` is still open for `recover`. */
export function isSettled(events: readonly JournalEvent[]): boolean {
  const last = events.findLast((event) => event.event === 'run-ended')
  return last !== undefined && last.outcome !== 'undo-failed'
}
