import { readTar } from './read-tar.ts'
import { BLOCK, padding } from './tar-header.ts'

/** A tar with these members alone, as they stand. Rejects as {@link readTar}. */
export async function* onlyMembers(
  bytes: AsyncIterable<Uint8Array>,
  wanted: ReadonlySet<string>,
  where: string,
): AsyncGenerator<Uint8Array> {
  for await (const { path, headers, stored, storedBytes } of readTar(bytes, where)) {
    if (!wanted.has(path)) continue
    yield* headers
    yield* stored
    const fill = padding(storedBytes)
    if (fill > 0) yield Buffer.alloc(fill)
  }
  yield Buffer.alloc(2 * BLOCK)
}
