import { crc32c } from './crc32c.ts'

/**
 * Reads one mini-transaction of format `Phys`: records (a first byte with kind and length, more bytes of length when the
 * low half is 0), an end byte that is the sequence bit of its LSN, and a CRC-32C of the records.
 * `none`: no valid one stands here, the log ends; `short`: the bytes end before that can be said.
 */
export function readMiniTransaction(
  bytes: Buffer,
  from: number,
  lsn: bigint,
  sequenceBit: (at: bigint) => number,
): { readonly size: number } | 'none' | 'short' {
  let at = from
  for (;;) {
    const first = bytes[at]
    if (first === undefined) return 'short'
    if (first <= 1) break
    const size = recordSize(bytes, at)
    if (size === undefined) return 'short'
    if (size > LARGEST) return 'none'
    at += size
  }
  if (at === from) return 'none'
  if (bytes[at] !== sequenceBit(lsn + BigInt(at - from))) return 'none'
  if (at + 5 > bytes.length) return 'short'
  return crc32c(bytes.subarray(from, at)) === bytes.readUInt32BE(at + 1) ? { size: at + 5 - from } : 'none'
}

/** No server writes more into one mini-transaction; recovery takes more for the end of the log, and so do we. */
const LARGEST = 1 << 20

/** Ranges of the lengths that take 1 to 5 bytes, and what each begins with. */
const LENGTHS = [
  { below: 0x80, mask: 0x7f, bytes: 1, add: 0 },
  { below: 0xc0, mask: 0x3f, bytes: 2, add: 0x80 },
  { below: 0xe0, mask: 0x1f, bytes: 3, add: 0x4080 },
  { below: 0xf0, mask: 0x0f, bytes: 4, add: 0x204080 },
  { below: 0x100, mask: 0, bytes: 5, add: 0x10204080 },
]

/** Size of the record that begins at `at`; undefined when the bytes end before it can be read. */
function recordSize(bytes: Buffer, at: number): number | undefined {
  const short = bytes[at]! & 15
  if (short !== 0) return 1 + short
  const first = bytes[at + 1]
  if (first === undefined) return undefined
  const kind = LENGTHS.find(({ below }) => first < below)!
  if (at + 1 + kind.bytes > bytes.length) return undefined
  let length = first & kind.mask
  for (let index = 1; index < kind.bytes; index++) length = length * 256 + bytes[at + 1 + index]!
  return 1 + length + kind.add + 15
}
