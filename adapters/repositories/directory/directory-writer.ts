import { createHash } from 'node:crypto'
import { open, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StillshotError } from '../../../src/errors.ts'
import { isStreamName, type Manifest } from '../../../src/repository/manifest.ts'
import type { BackupWriter, StoredStream } from '../../../src/repository/repository.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { syncFolder } from './sync-folder.ts'

export const MANIFEST = 'manifest.json'
const SUMS = 'SHA256SUMS'

interface Places {
  /** The folder that is written to. */
  readonly unfinished: string
  /** What it is renamed to when it is whole. */
  readonly whole: string
  /** Where both are. */
  readonly folder: string
  readonly fail: (thrown: unknown) => Error
}

/** Writes into a folder that is not listed; the rename at the end lists it. */
export class DirectoryWriter implements BackupWriter {
  readonly #places: Places

  constructor(places: Places) {
    this.#places = places
  }

  async write(stream: string, bytes: AsyncIterable<Uint8Array>, { signal }: CallOptions = {}): Promise<StoredStream> {
    if (!isStreamName(stream)) throw new StillshotError('defect', `${JSON.stringify(stream)} is no name of a stream`)
    const file = await open(join(this.#places.unfinished, stream), 'wx', 0o600).catch((thrown) => {
      throw this.#places.fail(thrown)
    })
    const sum = createHash('sha256')
    let sizeBytes = 0
    try {
      for await (const chunk of bytes) {
        signal?.throwIfAborted()
        sum.update(chunk)
        sizeBytes += chunk.length
        await this.#stored(() => writeAll(file, chunk))
      }
      await this.#stored(() => file.sync())
    } finally {
      await file.close()
    }
    return { sizeBytes, sha256: sum.digest('hex') }
  }

  async finish(manifest: Manifest): Promise<void> {
    const { unfinished, whole, folder } = this.#places
    await this.#stored(async () => {
      const sums = manifest.streams.map(({ sha256, name }) => `${sha256}  ${name}\n`).join('')
      await writeFile(join(unfinished, SUMS), sums, { mode: 0o600, flush: true })
      const text = `${JSON.stringify(manifest, null, 2)}\n`
      await writeFile(join(unfinished, MANIFEST), text, { mode: 0o600, flush: true })
      await syncFolder(unfinished)
      await rename(unfinished, whole)
      await syncFolder(folder)
    })
  }

  /** What the caller's own stream throws is the caller's; what the storage says is put into words of ours. */
  async #stored<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (thrown) {
      throw this.#places.fail(thrown)
    }
  }
}

interface Writable {
  write(bytes: Uint8Array, offset: number, length: number): Promise<{ bytesWritten: number }>
}

/** A file system that is nearly full takes less than it is given. */
async function writeAll(file: Writable, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.length; ) {
    offset += (await file.write(chunk, offset, chunk.length - offset)).bytesWritten
  }
}
