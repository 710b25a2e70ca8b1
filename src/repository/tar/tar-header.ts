import { createHash } from 'node:crypto'
import { StillshotError } from '../../errors.ts'

export const BLOCK = 512

/** How many bytes fill the last block. */
export function padding(sizeBytes: number): number {
  return (BLOCK - (sizeBytes % BLOCK)) % BLOCK
}

/** What one block says, before what stands ahead of it is known. */
export interface TarHeader {
  readonly name: string
  readonly typeFlag: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Of what is stored after it. */
  readonly sizeBytes: number
  readonly linkName: string
}

/** Records that stand ahead of a member and count instead of its header. */
export type PaxRecords = ReadonlyMap<string, Buffer>

/** Throws `backup-damaged` for a block that is no header, or whose sum differs. */
export function readHeader(block: Buffer, where: string): TarHeader {
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0)
  if (sum !== numberAt(block, 148, 8)) throw new StillshotError('backup-damaged', `${where} is no tar, or is damaged`)
  const magic = block.toString('latin1', 257, 263)
  const prefix = magic === 'ustar\0' ? textOf(fieldAt(block, 345, 155)) : ''
  const name = textOf(fieldAt(block, 0, 100))
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    typeFlag: String.fromCharCode(block[156] ?? 0),
    mode: numberAt(block, 100, 8) & 0o7777,
    uid: numberAt(block, 108, 8),
    gid: numberAt(block, 116, 8),
    sizeBytes: numberAt(block, 124, 12),
    linkName: textOf(fieldAt(block, 157, 100)),
  }
}

/** Throws `backup-damaged` for what is no list of records. */
export function readRecords(bytes: Buffer, where: string): PaxRecords {
  const records = new Map<string, Buffer>()
  for (let at = 0; at < bytes.length && bytes[at] !== 0; ) {
    const blank = bytes.indexOf(32, at)
    const length = Number(bytes.toString('latin1', at, blank))
    const equals = bytes.indexOf(61, blank)
    if (
      blank < 0 ||
      equals < 0 ||
      !Number.isInteger(length) ||
      length < equals - at + 2 ||
      at + length > bytes.length
    ) {
      throw new StillshotError('backup-damaged', `${where} holds a record of tar that is not understood`)
    }
    records.set(bytes.toString('latin1', blank + 1, equals), bytes.subarray(equals + 1, at + length - 1))
    at += length
  }
  return records
}

/** Extended attributes and access lists as one word; empty without any. */
export function attributesOf(records: PaxRecords): string {
  const named = [...records].filter(([key]) => /^(SCHILY\.(xattr|acl)|RHT\.security)\./.test(key))
  if (named.length === 0) return ''
  const sum = createHash('sha256')
  for (const [key, value] of named.sort(([a], [b]) => (a < b ? -1 : 1)))
    sum.update(`${key}=${value.length}\0`).update(value)
  return sum.digest('hex')
}

/** A name may be any bytes: those that are no UTF-8 are written as `\xNN`, so that two names never become one. */
export function textOf(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  if (!text.includes('\uFFFD') || Buffer.from(text).equals(bytes)) return text
  return [...bytes].map((byte) => (byte < 128 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`)).join('')
}

function fieldAt(block: Buffer, at: number, length: number): Buffer {
  const field = block.subarray(at, at + length)
  const end = field.indexOf(0)
  return end < 0 ? field : field.subarray(0, end)
}

function numberAt(block: Buffer, at: number, length: number): number {
  if (((block[at] ?? 0) & 0x80) === 0)
    return Number.parseInt(fieldAt(block, at, length).toString('latin1').trim() || '0', 8)
  // Too large for octal digits: the other bits, as one number.
  const bytes = Buffer.from(block.subarray(at, at + length))
  bytes[0] = (bytes[0] ?? 0) & 0x7f
  return bytes.reduce((value, byte) => value * 256 + byte, 0)
}
