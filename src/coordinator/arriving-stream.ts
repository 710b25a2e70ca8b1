import { StillshotError } from '../errors.ts'
import type { Compression } from '../repository/manifest.ts'
import { observed } from '../repository/observed.ts'
import { pack } from '../repository/pack.ts'
import { packedStream } from '../repository/packed-stream.ts'

/** A stream on its way into the repository: what is stored of it, and what was in it. */
export interface ArrivingStream {
  readonly stored: AsyncIterable<Uint8Array>
  /** When `stored` has been read to its end. Rejects with `dump-failed` for what cannot be unpacked. */
  content(): Promise<Content>
}

export interface Content {
  readonly sizeBytes: number
  /** First and last bytes, as text. */
  readonly head: string
  readonly tail: string
}

/** Hears of each piece of what is in a stream, unpacked. */
export type OnContent = (chunk: Uint8Array) => void

/** As it leaves the guest's program; it is packed here. */
export function packedHere(
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
  onContent: OnContent = () => {},
): ArrivingStream {
  const seen = observed(bytes, { onChunk: onContent })
  const content = async () => ({ sizeBytes: seen.sizeBytes, head: seen.head, tail: seen.tail })
  return { stored: pack(seen.bytes, compression), content }
}

/** Packed by the guest; unpacked on the side, so that what a backup needs to be whole is seen by us. */
export function packedThere(
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
  name: string,
  onContent: OnContent = () => {},
): ArrivingStream {
  const stream = packedStream(bytes, compression, name, onContent)
  return {
    stored: stream.stored,
    content: async () => {
      const { fault } = stream
      if (fault !== undefined) throw new StillshotError('dump-failed', fault.message, { cause: fault })
      const { sizeBytes, head, tail } = stream.content
      return { sizeBytes, head, tail }
    },
  }
}

/** Before anything has come. */
export const NOTHING: ArrivingStream = {
  stored: nothing(),
  content: async () => ({ sizeBytes: 0, head: '', tail: '' }),
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Tells of each piece that comes. */
export async function* watched(bytes: AsyncIterable<Uint8Array>, moved: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    moved()
    yield chunk
  }
}
