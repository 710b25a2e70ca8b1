import { StillshotError } from '../errors.ts'
import type { StreamEnd } from '../guest/stream-verb.ts'
import type { Compression } from '../repository/manifest.ts'
import { observed } from '../repository/observed.ts'
import { pack } from '../repository/pack.ts'
import { packedStream } from '../repository/packed-stream.ts'

/** A stream on its way into the repository: what is stored of it, and what was in it. */
export interface ArrivingStream {
  readonly stored: AsyncIterable<Uint8Array>
  /** Known when the program in the guest has ended. Rejects with `dump-failed` when it is not what was asked for. */
  content(end: StreamEnd): Promise<Content>
}

export interface Content {
  readonly sizeBytes: number
  /** First and last bytes, as text. */
  readonly head: string
  readonly tail: string
}

/** As it leaves the guest's program; it is packed here. */
export function packedHere(bytes: AsyncIterable<Uint8Array>, compression: Compression): ArrivingStream {
  const seen = observed(bytes)
  const content = async () => ({ sizeBytes: seen.sizeBytes, head: seen.head, tail: seen.tail })
  return { stored: pack(seen.bytes, compression), content }
}

/** Packed by the guest, whose helper says at the end what it packed: unpacking it all would cost more than all the rest. */
export function packedThere(bytes: AsyncIterable<Uint8Array>, compression: Compression, name: string): ArrivingStream {
  const { bytes: stored, head } = packedStream(bytes, compression, name)
  return {
    stored,
    content: async ({ stderr }) => {
      const said = PACKED.exec(stderr)
      if (said === null) throw new StillshotError('dump-failed', `${name}: the guest did not say what it packed`)
      const tail = Buffer.from(said[2] ?? '', 'base64').toString('utf8')
      return { sizeBytes: Number(said[1]), head: await head().catch(notPacked), tail }
    },
  }
}

const PACKED = /^stillshot-packed: (\d{1,15}) ([A-Za-z0-9+/=]{0,5500})$/m

/** What programs said, without what the helper says of packing. */
export function withoutPacked(end: StreamEnd): StreamEnd {
  return { ...end, stderr: end.stderr.replace(PACKED, '') }
}

function notPacked(cause: Error): never {
  throw new StillshotError('dump-failed', cause.message, { cause })
}

/** Before anything has come. */
export const NOTHING: ArrivingStream = {
  stored: nothing(),
  content: async () => ({ sizeBytes: 0, head: '', tail: '' }),
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
