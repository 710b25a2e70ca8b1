import { Readable } from 'node:stream'
import { passing } from '../system/passing-memory.ts'
import type { Compression } from './manifest.ts'
import { unpack } from './pack.ts'

/** A stream that arrives packed, as it is to be stored, and how what is in it begins. */
export interface PackedStream {
  readonly bytes: AsyncIterable<Uint8Array>
  /** The first bytes of what is in it, as text. Rejects with `backup-damaged` for what is not packed so. When all has passed. */
  head(): Promise<string>
}

/** No block of either kind is longer, so that the first one is in it whole. */
const PACKED_HEAD_BYTES = 256 * 1024
const HEAD_BYTES = 64 * 1024

/** Lets packed bytes through as they are. */
export function packedStream(source: AsyncIterable<Uint8Array>, compression: Compression, name: string): PackedStream {
  const first: Uint8Array[] = []
  let firstBytes = 0
  async function* pass() {
    for await (const chunk of source) {
      passing(chunk.length)
      if (firstBytes < PACKED_HEAD_BYTES) {
        first.push(Buffer.from(chunk))
        firstBytes += chunk.length
      }
      yield chunk
    }
  }
  return { bytes: pass(), head: () => headOf(Buffer.concat(first), compression, name) }
}

/** What is cut off in the middle unpacks as far as it goes. */
async function headOf(packed: Buffer, compression: Compression, name: string): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of unpack(Readable.from([packed]), compression, name)) {
      chunks.push(chunk)
      length += chunk.length
      if (length >= HEAD_BYTES) break
    }
  } catch (thrown) {
    if (length === 0) throw thrown
  }
  return Buffer.concat(chunks).subarray(0, HEAD_BYTES).toString('utf8')
}
