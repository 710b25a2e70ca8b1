import type { Clock } from './clock.ts'
import type { Files } from './files.ts'
import type { Processes } from './processes.ts'
import type { Randomness } from './randomness.ts'

/** The machine under the coordinator; real in production, virtual in the simulation. */
export interface System {
  readonly clock: Clock
  readonly randomness: Randomness
  readonly files: Files
  readonly processes: Processes
}
