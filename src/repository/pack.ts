import { pipeline } from 'node:stream'
import { constants, createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib'
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

/** Packs bytes as they come. Rejects with what `bytes` throws. */
export function pack(bytes: AsyncIterable<Uint8Array>, compression: Compression): AsyncIterable<Uint8Array> {
  if (compression === 'none') return bytes
  const packer = compression === 'zstd' ? createZstdCompress() : createGzip()
  return pipeline(bytes, packer, () => {})
}

/** Undoes {@link pack}. Rejects with `backup-damaged` for what is not packed so, or ends too early. */
export async function* unpack(
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
  name: string,
): AsyncGenerator<Uint8Array> {
  if (compression === 'none') return yield* bytes
  const chunkSize = CHUNK_BYTES
  const unpacker =
    compression === 'zstd' ? createZstdDecompress({ chunkSize, params: WINDOW }) : createGunzip({ chunkSize })
  try {
    yield* pipeline(bytes, unpacker, () => {})
  } catch (thrown) {
    const { code, message } = thrown as { code?: unknown; message: string }
    if (!/^(Z_|ZSTD_|ERR_ZSTD|ERR_ZLIB)/.test(String(code))) throw thrown
    throw new StillshotError('backup-damaged', `${name} cannot be unpacked: ${message}`, { cause: thrown })
  }
}
