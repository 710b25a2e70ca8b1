import type { RestorePoint } from '../../src/catalog/catalog.ts'
import type { JournalEvent } from '../../src/saga/journal-event.ts'
import type { Begun } from './begun.ts'
import type { GroundName } from './ground.ts'
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
  /** Where all of its cells are played; each where its own boundary and fault want it, unless given. */
  readonly ground?: GroundName
  /** It keeps the application down by a lease that only `recover` or its end takes back before minutes are over; the server runs. */
  readonly leased?: true
  /** What must be there before, such as a restore point. */
  prepare?(scene: Scene, boundary: string): Promise<void>
  /** Words of the command line. */
  command(scene: Scene): Promise<readonly string[]>
  /** Begins something else than that command line, which then only names it. */
  begin?(scene: Scene): Promise<Begun>
  /** Takes away what kept the command at a boundary, once the fault is in place; without the guest's network. */
  goOn?(scene: Scene): Promise<void>
  /** What a user does after the command, faults or not: a hold is released. */
  finish?(scene: Scene): Promise<void>
  /** When the disks of a point were read that is no snapshot of the ground's; undefined where nobody knows. */
  pointInTimeMs?(scene: Scene, point: RestorePoint): number | undefined
  /**
   * Promises of its own that are not kept, in words: when everything was left to itself, before anybody recovered, and after
   * that.
   */
  look?(scene: Scene, when: 'left' | 'recovered'): Promise<readonly string[]>
}

type Line = 'intent' | 'done' | 'undone'

/** The journal has this line. */
export function line(event: Line, step: string): Boundary['reached'] {
  return (events) => events.some((entry) => entry.event === event && 'step' in entry && entry.step === step)
}
