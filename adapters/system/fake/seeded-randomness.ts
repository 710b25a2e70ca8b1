import type { Randomness } from '../../../src/system/randomness.ts'

/** The same bytes for the same seed, for tests only: mulberry32 (32 bits of state, no secrecy). */
export class SeededRandomness implements Randomness {
  #state: number

  constructor(seed = 1) {
    this.#state = seed >>> 0
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#next() >>> 24)
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}
