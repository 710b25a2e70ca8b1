import type { GroundName } from './ground.ts'
import type { Scene } from './scene.ts'

/** Something that goes wrong at a boundary of a procedure. One file each in faults/, named in cells.ts. */
export interface Fault {
  readonly name: string
  /** What happens, in half a sentence. */
  readonly about: string
  /** Boundaries at which it makes a cell of its own, by procedure. */
  readonly at: Readonly<Record<string, readonly string[]>>
  /** Which other boundaries are the same cell, and why. */
  readonly elsewhere?: string
  /** It needs this ground: it strikes the hypervisor, the machine or its clock. */
  readonly ground?: GroundName
  /** While it lasts, what keeps the command at the boundary is not taken away. */
  readonly keepsBack?: true
  /** It strikes what all guests share, so that nothing else may run meanwhile. */
  readonly alone?: true
  /** The process under test runs with this module of layers/ before it, which reads `FAULT`. */
  readonly layer?: string
  /** Before the procedure begins: what cannot wait for the boundary. */
  prepare?(scene: Scene, boundary: string): Promise<void>
  /** At the boundary. */
  inject?(scene: Scene, boundary: string): Promise<void>
  /** Takes the cause away; safe twice. Called when the command has ended, or earlier with `liftAfterMs`. */
  lift?(scene: Scene): Promise<void>
  readonly liftAfterMs?: number
  /** Lifted only when the database was seen up again, or its time is over: the watchdog alone must bring it back. */
  readonly stays?: true
  /** The cause itself prevents a stop or a start: the time to live counts from when it was lifted. */
  readonly hinders?: true
  /** Nobody finishes what the procedure began: a hold is not released. */
  readonly unfinished?: true
}
