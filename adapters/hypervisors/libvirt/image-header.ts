import { open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** What the first bytes of a disk image say (QEMU: docs/interop/qcow2.txt). */
export interface ImageHeader {
  readonly format: 'qcow2' | 'raw'
  /** The image it stands on: an absolute path, or the text as it is when it is no local path. */
  readonly backing?: string
  readonly encrypted: boolean
}

const MAGIC = 0x514649fb
const HEADER_BYTES = 104
/** QEMU's own limit for the name of a backing file. */
const LONGEST_NAME = 1023

/**
 * Reads the header without a lock, so it works while QEMU uses the image; QEMU writes the header only when a chain
 * changes. Anything that is not qcow2 counts as raw. Rejects with the file system's error.
 */
export async function readImageHeader(path: string): Promise<ImageHeader> {
  const file = await open(path, 'r')
  try {
    const head = Buffer.alloc(HEADER_BYTES)
    const { bytesRead } = await file.read(head, 0, HEADER_BYTES, 0)
    if (bytesRead < 72 || head.readUInt32BE(0) !== MAGIC) return { format: 'raw', encrypted: false }
    const encrypted = head.readUInt32BE(32) !== 0
    const length = Math.min(head.readUInt32BE(16), LONGEST_NAME)
    const offset = Number(head.readBigUInt64BE(8))
    if (offset === 0 || length === 0) return { format: 'qcow2', encrypted }
    const name = Buffer.alloc(length)
    await file.read(name, 0, length, offset)
    return { format: 'qcow2', encrypted, backing: backingPath(path, name.toString('utf8')) }
  } finally {
    await file.close()
  }
}

function backingPath(path: string, name: string): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(name) && !name.startsWith('file:')) return name
  return resolve(dirname(path), name.replace(/^file:/, ''))
}
