import { createHash, type Hash } from 'node:crypto'
import { StillshotError } from '../../errors.ts'
import { ByteReader } from './byte-reader.ts'
import type { TarMember } from './read-tar.ts'
import { BLOCK, padding } from './tar-header.ts'

/** More of a hole is not read through: a file of a terabyte without a byte in it must not take an hour. */
const LONGEST_HOLES = 16 * 1024 ** 3
const ZEROS = Buffer.alloc(1024 * 1024)

/**
 * The sum of a member's content, and its beginning. Holes count as the zeros that they are read as, so that two archives of the same
 * file agree wherever its holes lie. `keep`: how much of the beginning is wanted.
 */
export async function contentSum(member: TarMember, keep: number): Promise<{ sum: string; head: Buffer }> {
  const hash = createHash('sha256')
  const kept: Uint8Array[] = []
  let length = 0
  for await (const piece of logical(member, hash)) {
    hash.update(piece)
    if (length < keep) kept.push(Buffer.from(piece.subarray(0, keep - length)))
    length += piece.length
  }
  return { sum: hash.digest('base64'), head: Buffer.concat(kept) }
}

async function* logical(member: TarMember, hash: Hash): AsyncGenerator<Uint8Array> {
  if (member.sparse === 'no') return yield* member.stored
  // The older form is compared as it is stored, with its list.
  if (member.sparse === 'header') {
    for (const block of member.headers) hash.update(block.subarray(386))
    return yield* member.stored
  }
  const reader = new ByteReader(member.stored)
  const map = await readMap(reader, member.path)
  const data = map.reduce((sum, { length }) => sum + length, 0)
  if (member.sizeBytes - data > LONGEST_HOLES) hash.update(JSON.stringify(map))
  let at = 0
  for (const { offset, length } of map) {
    if (member.sizeBytes - data <= LONGEST_HOLES) yield* hole(offset - at)
    for (let left = length; left > 0; ) {
      const piece = await reader.some(left)
      if (piece === undefined) throw damaged(member.path)
      left -= piece.length
      yield piece
    }
    at = offset + length
  }
  if (member.sizeBytes - data <= LONGEST_HOLES) yield* hole(member.sizeBytes - at)
}

function* hole(length: number): Generator<Uint8Array> {
  for (let left = length; left > 0; left -= ZEROS.length) yield left < ZEROS.length ? ZEROS.subarray(0, left) : ZEROS
}

interface Piece {
  readonly offset: number
  readonly length: number
}

const MOST_PIECES = 1_000_000

/** Decimal numbers, one a line: how many, then where each begins and how long it is; the last block is filled. */
async function readMap(reader: ByteReader, path: string): Promise<readonly Piece[]> {
  let text = ''
  let readBytes = 0
  const next = async (): Promise<number> => {
    while (!text.includes('\n')) {
      const block = await reader.exactly(BLOCK)
      if (block.length < BLOCK || text.length > 40) throw damaged(path)
      text += block.toString('latin1')
      readBytes += block.length
    }
    const end = text.indexOf('\n')
    const value = Number(text.slice(0, end))
    text = text.slice(end + 1)
    if (!Number.isSafeInteger(value) || value < 0) throw damaged(path)
    return value
  }
  const count = await next()
  if (count > MOST_PIECES) throw damaged(path)
  const map: Piece[] = []
  for (let index = 0; index < count; index += 1) map.push({ offset: await next(), length: await next() })
  const ordered = map.every(({ offset }, index) => index === 0 || offset >= endOf(map[index - 1]))
  if (!ordered || padding(readBytes) !== 0) throw damaged(path)
  return map
}

function endOf(piece: Piece | undefined): number {
  return piece === undefined ? 0 : piece.offset + piece.length
}

function damaged(path: string): StillshotError {
  return new StillshotError('backup-damaged', `the list of holes of ${path} is not understood`)
}
