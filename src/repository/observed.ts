import { createHash } from 'node:crypto'
import { passing } from '../system/passing-memory.ts'

/** What went by in a stream of any length. */
export interface Observed {
  readonly bytes: AsyncIterable<Uint8Array>
  /** So far. */
  readonly sizeBytes: number
  readonly sha256: () => string
  /** The first and the last bytes, as text. */
  readonly head: string
  readonly tail: string
}

const HEAD_BYTES = 64 * 1024
const TAIL_BYTES = 4 * 1024

/** Lets bytes through as they are and keeps their length and their ends; with `sum`, their sum, too. `onChunk` hears of each. */
export function observed(
  source: AsyncIterable<Uint8Array>,
  { sum = false, onChunk = () => {} }: { sum?: boolean; onChunk?: (chunk: Uint8Array) => void } = {},
): Observed {
  let sizeBytes = 0
  let head = Buffer.alloc(0)
  let tail = Buffer.alloc(0)
  const hash = createHash('sha256')
  async function* pass() {
    for await (const chunk of source) {
      onChunk(chunk)
      passing(chunk.length)
      sizeBytes += chunk.length
      if (sum) hash.update(chunk)
      if (head.length < HEAD_BYTES) head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES - head.length)])
      tail = chunk.length >= TAIL_BYTES ? Buffer.from(chunk.subarray(-TAIL_BYTES)) : joined(tail, chunk)
      yield chunk
    }
  }
  return {
    bytes: pass(),
    get sizeBytes() {
      return sizeBytes
    },
    sha256: () => hash.copy().digest('hex'),
    get head() {
      return head.toString('utf8')
    },
    get tail() {
      return tail.toString('utf8')
    },
  }
}

function joined(tail: Buffer, chunk: Uint8Array): Buffer<ArrayBuffer> {
  return Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES)
}
