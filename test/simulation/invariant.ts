import type { Arrival, World } from './world.ts'

/** One promise, watched over a whole world. Each says what was broken, or undefined; one file each in promises/. */
export interface Invariant {
  readonly promise: string
  /** A request arrives that changes something. */
  onArrival?(arrival: Arrival): string | undefined
  /** After each event of the world. */
  onEvent?(): string | undefined
  /** Everything has ended, `recover` has run, nothing is in the way any more. */
  atEnd?(): Promise<string | undefined>
}

export type MakeInvariant = (world: World) => Invariant
