import { pipeline } from 'node:stream'
import {
  constants,
  createGunzip,
  createGzip,
  createZstdCompress,
  createZstdDecompress,
  gunzipSync,
  gzipSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib'
import { StillshotError } from '../errors.ts'
import type { Compression } from './manifest.ts'

/** How the usual programs end the name of a file that is packed like this. */
export const PACKED: Readonly<Record<Compression, { readonly suffix: string; readonly unpack: string }>> = {
  zstd: { suffix: 'zst', unpack: 'zstd -dc' },
  gzip: { suffix: 'gz', unpack: 'gunzip -c' },
  none: { suffix: '', unpack: '' },
}

/** Few calls for much data, and little memory. */
const CHUNK_BYTES = 256 * 1024
/** Whoever packed it chooses how much memory unpacking takes: `zstd -19` needs 8 MiB. */
const WINDOW = { [constants.ZSTD_d_windowLogMax]: 23 }

/** Less than this is packed at once: a thread of its own would cost more than the work. */
const AT_ONCE_BYTES = 16 * 1024
/** And unpacked at once to no more. */
const MOST_AT_ONCE_BYTES = 1024 * 1024

/** Packs bytes as they come. Rejects with what `bytes` throws. */
export async function* pack(bytes: AsyncIterable<Uint8Array>, compression: Compression): AsyncGenerator<Uint8Array> {
  if (compression === 'none') return yield* bytes
  await using ahead = new Ahead(bytes)
  const whole = await ahead.whole()
  if (whole !== undefined) {
    yield compression === 'zstd' ? zstdCompressSync(whole) : gzipSync(whole)
    return
  }
  yield* pipeline(ahead.bytes(), compression === 'zstd' ? createZstdCompress() : createGzip(), () => {})
}

/** Undoes {@link pack}. Rejects with `backup-damaged` for what is not packed so, or ends too early. */
export async function* unpack(
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
  name: string,
): AsyncGenerator<Uint8Array> {
  if (compression === 'none') return yield* bytes
  await using ahead = new Ahead(bytes)
  const chunkSize = CHUNK_BYTES
  const unpacker = () =>
    compression === 'zstd' ? createZstdDecompress({ chunkSize, params: WINDOW }) : createGunzip({ chunkSize })
  try {
    const whole = await ahead.whole()
    const content = whole && unpackAtOnce(whole, compression)
    if (content === undefined) yield* pipeline(ahead.bytes(), unpacker(), () => {})
    else yield content
  } catch (thrown) {
    const { code, message } = thrown as { code?: unknown; message: string }
    if (!/^(Z_|ZSTD_|ERR_ZSTD|ERR_ZLIB)/.test(String(code))) throw thrown
    throw new StillshotError('backup-damaged', `${name} cannot be unpacked: ${message}`, { cause: thrown })
  }
}

/** Undefined where little unpacks to much. */
function unpackAtOnce(packed: Uint8Array, compression: Compression): Uint8Array | undefined {
  const limit = { maxOutputLength: MOST_AT_ONCE_BYTES }
  try {
    return compression === 'zstd' ? zstdDecompressSync(packed, { ...limit, params: WINDOW }) : gunzipSync(packed, limit)
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') return undefined
    throw thrown
  }
}

/** A stream of which the beginning is looked at first. */
class Ahead {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #taken: Uint8Array[] = []
  #ended = false

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#source = bytes[Symbol.asyncIterator]()
  }

  /** All of it, if it is short. */
  async whole(): Promise<Uint8Array | undefined> {
    for (let length = 0; length < AT_ONCE_BYTES; ) {
      const { done, value } = await this.#source.next()
      if (done === true) {
        this.#ended = true
        return Buffer.concat(this.#taken)
      }
      this.#taken.push(value)
      length += value.length
    }
    return undefined
  }

  async *bytes(): AsyncGenerator<Uint8Array> {
    yield* this.#taken.splice(0)
    while (!this.#ended) {
      const { done, value } = await this.#source.next()
      this.#ended = done === true
      if (done !== true) yield value
    }
  }

  /** Whoever reads no further lets the source go. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) await this.#source.return?.()
  }
}
