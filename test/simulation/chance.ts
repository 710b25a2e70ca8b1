import type { Randomness } from '../../src/system/randomness.ts'

/** Choices from a seed: the same seed chooses the same on every machine (splitmix32; no secrecy). */
export class Chance implements Randomness {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 up to, not including, 1. */
  next(): number {
    return this.#bits() / 2 ** 32
  }

  happens(probability: number): boolean {
    return this.next() < probability
  }

  /** A whole number, both ends included. */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1))
  }

  pick<T>(list: readonly T[]): T {
    const index = Math.floor(this.next() * list.length)
    if (list[index] === undefined) throw new RangeError('nothing to pick from')
    return list[index]
  }

  /** Choices of somebody's own: what others choose meanwhile does not change them. */
  fork(): Chance {
    return new Chance(this.#bits())
  }

  bytes(length: number): Uint8Array {
    return new Uint8Array(length).map(() => this.#bits() >>> 24)
  }

  #bits(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
}
