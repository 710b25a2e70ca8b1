/** Random bytes, as a port: the simulation seeds them. */
export interface Randomness {
  bytes(length: number): Uint8Array
}
