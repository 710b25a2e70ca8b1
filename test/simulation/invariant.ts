import type { Told } from './actor.ts'
import type { Host } from './host.ts'
import type { SimulatedProcess } from './process.ts'
import type { Arrival, World } from './world.ts'

/** A procedure has ended, in whatever way. */
export interface Ending {
  readonly procedure: string
  readonly host: Host
  readonly process: SimulatedProcess
  readonly told: Told
}

/** One promise, watched over a whole world. Each says what was broken, or undefined; one file each in promises/. */
export interface Invariant {
  readonly promise: string
  /** A request arrives that changes something. */
  onArrival?(arrival: Arrival): string | undefined
  /** Time has gone on, to the next thing that happens. */
  onEvent?(): string | undefined
  /** What somebody was told, in the moment in which he is. */
  onTold?(ending: Ending): string | undefined
  /** Everything has ended, `recover` has run, nothing is in the way any more. */
  atEnd?(): Promise<string | undefined>
}

export type MakeInvariant = (world: World) => Invariant
