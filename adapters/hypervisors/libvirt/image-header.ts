import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** What the first bytes of a disk image say (QEMU: docs/interop/qcow2.txt). */
export interface ImageHeader {
  /** QEMU's name of it: `qcow2`, `raw`, … */
  readonly format: string
  /** The image it stands on: an absolute path, or the text as it is when it is no local path. */
  readonly backing?: string
  /** What the image says about the format of {@link backing}; undefined when it says nothing. */
  readonly backingFormat?: string
}

const MAGIC = 0x514649fb
const HEADER_BYTES = 104
/** QEMU's own limit for the name of a backing file. */
const LONGEST_NAME = 1023
/** Type of the header extension that names the backing file's format. */
const BACKING_FORMAT = 0xe2792aca

/**
 * Reads the header without a lock, so it works while QEMU uses the image; QEMU writes the header only when a chain
 * changes. `format` is what libvirt or a trusted overlay has on record: the first bytes of a raw image belong to the
 * guest, so only what is recorded as qcow2, or by nobody (undefined), is read. Rejects with the file system's error.
 */
export async function readImageHeader(path: string, format: string | undefined): Promise<ImageHeader> {
  // Without waiting: a path from a header may be a pipe.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    if (format !== undefined && format !== 'qcow2') return { format }
    const head = Buffer.alloc(HEADER_BYTES)
    const { bytesRead } = await file.read(head, 0, HEADER_BYTES, 0)
    if (bytesRead < 72 || head.readUInt32BE(0) !== MAGIC) return { format: format ?? 'raw' }
    const length = Math.min(head.readUInt32BE(16), LONGEST_NAME)
    const offset = Number(head.readBigUInt64BE(8))
    if (offset === 0 || length === 0) return { format: 'qcow2' }
    const name = Buffer.alloc(length)
    await file.read(name, 0, length, offset)
    const backingFormat = await backingFormatOf(file, head, offset)
    const backing = backingPath(path, name.toString('utf8'))
    return { format: 'qcow2', backing, ...(backingFormat === undefined ? {} : { backingFormat }) }
  } finally {
    await file.close()
  }
}

/** The header's extensions stand between it and the backing file's name: type, length, bytes up to the next eighth. */
async function backingFormatOf(file: FileHandle, head: Buffer, end: number): Promise<string | undefined> {
  const begin = head.readUInt32BE(4) === 2 ? 72 : head.readUInt32BE(100)
  const size = Math.min(end, 65_536) - begin
  if (size < 8) return undefined
  const area = Buffer.alloc(size)
  await file.read(area, 0, size, begin)
  for (let at = 0; at + 8 <= size; ) {
    const [type, length] = [area.readUInt32BE(at), area.readUInt32BE(at + 4)]
    if (type === 0) return undefined
    if (type === BACKING_FORMAT) return area.toString('utf8', at + 8, at + 8 + length)
    at += 8 + Math.ceil(length / 8) * 8
  }
  return undefined
}

function backingPath(path: string, name: string): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(name) && !name.startsWith('file:')) return name
  return resolve(dirname(path), name.replace(/^file:/, ''))
}
