import { randomBytes } from 'node:crypto'
import type { Randomness } from '../../src/system/randomness.ts'

/** The kernel's random numbers. */
export class NodeRandomness implements Randomness {
  bytes(length: number): Uint8Array {
    return randomBytes(length)
  }
}
