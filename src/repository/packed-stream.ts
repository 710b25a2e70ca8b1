import { PassThrough } from 'node:stream'
import type { Compression } from './manifest.ts'
import { type Observed, observed } from './observed.ts'
import { unpack } from './pack.ts'

/** A stream that arrives packed: as it is to be stored, and what is in it. */
export interface PackedStream {
  readonly stored: AsyncIterable<Uint8Array>
  /** Known when `stored` was read to its end. */
  readonly content: Observed
  /** Why it cannot be unpacked to its end; undefined when it can. Known when `stored` was read to its end. */
  readonly fault: Error | undefined
}

/** What may lie unpacked and unread. */
const BUFFER_BYTES = 256 * 1024

/**
 * Lets packed bytes through and unpacks them on the side, so that length, first and last words of what is stored are seen by us,
 * and that it can be unpacked. Both sides go at the pace of the slower one. What breaks off is told by `fault`, since the program
 * that made it may yet say why; `stored` rejects with `backup-damaged` when more follows what cannot be unpacked, and with what
 * `bytes` throws. `onContent` hears of each piece unpacked.
 */
export function packedStream(
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
  name: string,
  onContent: (chunk: Uint8Array) => void = () => {},
): PackedStream {
  const side = new PassThrough({ highWaterMark: BUFFER_BYTES })
  side.on('error', () => {})
  const content = observed(unpack(side, compression, name), { onChunk: onContent })
  let fault: Error | undefined
  async function* stored() {
    const over = drainAll(content.bytes).catch((thrown) => {
      fault = thrown
    })
    try {
      for await (const chunk of bytes) {
        if (fault !== undefined) throw fault
        if (!side.write(chunk)) await Promise.race([drained(side), over])
        yield chunk
      }
      side.end()
      await over
    } finally {
      side.destroy()
    }
  }
  return {
    stored: stored(),
    content,
    get fault() {
      return fault
    },
  }
}

async function drainAll(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of bytes);
}

function drained(side: PassThrough): Promise<void> {
  return new Promise((resolve) => side.once('drain', resolve))
}
