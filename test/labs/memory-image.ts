import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'

export const CHUNK_BYTES = 8 * 1024 * 1024

/** A text of the file and what stands there instead in the copy; both have the same length in bytes. */
export interface Replacement {
  readonly old: string
  readonly new: string
}

/**
 * Copies a saved guest (`virsh save`, uncompressed) and gives the copy another identity. Gives for each replacement
 * the number of places.
 *
 * libvirt resumes a guest only under the name and UUID that stand in the file's header. And a guest's kernel reads the
 * SMBIOS UUID once, at boot, into a string in its memory, where stillshot finds it and compares it with the
 * hypervisor's. RAM pages stand in the file as they are, so texts of the same length can be replaced.
 */
export async function copyReplacing(
  from: string,
  to: string,
  replacements: readonly Replacement[],
): Promise<readonly number[]> {
  const pairs = replacements.map((pair) => ({ old: Buffer.from(pair.old), new: Buffer.from(pair.new), found: 0 }))
  if (pairs.some((pair) => pair.old.length !== pair.new.length)) throw new Error('a replacement has another length')
  // What a chunk ends with may be the beginning of a text: it is looked at again with the next chunk.
  const overlap = Math.max(...pairs.map((pair) => pair.old.length)) - 1
  const target = await open(to, 'w', 0o600)
  try {
    let rest = Buffer.alloc(0)
    for await (const chunk of createReadStream(from, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>) {
      const block = Buffer.concat([rest, chunk])
      for (const pair of pairs) pair.found += replaceAll(block, pair.old, pair.new)
      const end = Math.max(0, block.length - overlap)
      await target.writeFile(block.subarray(0, end))
      rest = Buffer.from(block.subarray(end))
    }
    await target.writeFile(rest)
  } finally {
    await target.close()
  }
  return pairs.map((pair) => pair.found)
}

function replaceAll(block: Buffer, old: Buffer, replacement: Buffer): number {
  let found = 0
  for (let at = block.indexOf(old); at >= 0; at = block.indexOf(old, at + old.length)) {
    replacement.copy(block, at)
    found += 1
  }
  return found
}
