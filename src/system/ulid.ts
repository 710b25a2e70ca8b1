import type { Clock } from './clock.ts'
import type { Randomness } from './randomness.ts'

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A ULID (26 characters, sortable by time): the id of runs, holds and restore points. Specification: github.com/ulid/spec. */
export function ulid(clock: Pick<Clock, 'now'>, randomness: Randomness): string {
  let time = Math.max(0, Math.trunc(clock.now()))
  let head = ''
  for (let index = 0; index < 10; index += 1) {
    head = ALPHABET.charAt(time % 32) + head
    time = Math.floor(time / 32)
  }
  let tail = ''
  for (const byte of randomness.bytes(16)) tail += ALPHABET.charAt(byte % 32)
  return head + tail
}

/** True for the exact form that {@link ulid} makes. */
export function isUlid(text: string): boolean {
  return /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(text)
}

/** When the ULID was made, in milliseconds since 1970; undefined for what is none. */
export function ulidTime(text: string): number | undefined {
  if (!isUlid(text)) return undefined
  return [...text.slice(0, 10)].reduce((time, digit) => time * 32 + ALPHABET.indexOf(digit), 0)
}
