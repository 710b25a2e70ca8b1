import type { JournalEvent } from '../../src/saga/journal-event.ts'
import type { Scene } from './scene.ts'

/** A moment of a procedure that its journal names: the fault strikes as soon as this is true. */
export interface Boundary {
  readonly name: string
  /** True once the journal of the run tells that the boundary is passed. */
  readonly reached: (events: readonly JournalEvent[]) => boolean
  /** A module of layers/ that keeps the next act back until the fault is in place; a fault's own takes precedence. */
  readonly layer?: string
  /** After the journal's word, what only the guest can tell: resolves when it is so. */
  readonly andThen?: (scene: Scene) => Promise<void>
}

/** A command whose journal gives the boundaries. One file each in procedures/, named in cells.ts. */
export interface Procedure {
  readonly name: string
  /** In the journal's `run-begun`. */
  readonly journalled: string
  readonly boundaries: readonly Boundary[]
  /** What must be there before, such as a restore point. */
  prepare?(scene: Scene): Promise<void>
  /** Words of the command line. */
  command(scene: Scene): Promise<readonly string[]>
  /** What a user does after the command, faults or not: a hold is released. */
  finish?(scene: Scene): Promise<void>
}

type Line = 'intent' | 'done' | 'undone'

/** The journal has this line. */
export function line(event: Line, step: string): Boundary['reached'] {
  return (events) => events.some((entry) => entry.event === event && 'step' in entry && entry.step === step)
}
