import type { World } from './world.ts'

/** Something that goes wrong in a world, at a moment that the seed chose. */
export interface Trouble {
  readonly name: string
  /** False when there is nothing that it could happen to just now. */
  strike(world: World): boolean
}
