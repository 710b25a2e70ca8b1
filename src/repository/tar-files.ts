/** A member of a tar as its header tells it. */
export interface TarMember {
  /** As in the archive: without a slash at the beginning, in general. */
  readonly path: string
  readonly kind: 'file' | 'link' | 'other'
  /** What was kept of a file: all of it, or the first {@link MOST_TEXT} bytes. */
  readonly body: Uint8Array
  readonly whole: boolean
}

const BLOCK = 512
/** No configuration that people write is longer. */
const MOST_TEXT = 256 * 1024
/** Extended headers hold a name, an ACL, attributes. */
const MOST_EXTENDED = 1024 * 1024

interface Header {
  readonly path: string
  readonly type: string
  readonly size: number
}

/**
 * Reads a tar (POSIX with extended headers, or GNU) piece by piece as it comes; bounded memory. `onMember` hears of each member
 * when it has gone by. What is no tar is read no further: {@link TarReader.fault}.
 */
export class TarReader {
  fault = false
  readonly #onMember: (member: TarMember) => void
  #pending = Buffer.alloc(0)
  #header: Header | undefined
  #left = 0
  #padding = 0
  #kept: Buffer[] = []
  #keptBytes = 0
  #long: { path?: string; size?: number } = {}
  #ended = false

  constructor(onMember: (member: TarMember) => void) {
    this.#onMember = onMember
  }

  push(chunk: Uint8Array): void {
    if (this.fault || this.#ended) return
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    while (rest.length > 0 && !this.fault && !this.#ended) {
      rest = this.#header === undefined ? this.#readHeader(rest) : this.#readBody(rest)
    }
  }

  #readHeader(bytes: Buffer<ArrayBufferLike>): Buffer<ArrayBufferLike> {
    const skipped = Math.min(this.#padding, bytes.length)
    this.#padding -= skipped
    const wanted = bytes.subarray(skipped, skipped + BLOCK - this.#pending.length)
    this.#pending = Buffer.concat([this.#pending, wanted])
    if (this.#pending.length === BLOCK) {
      this.#begin(parseHeader(this.#pending))
      this.#pending = Buffer.alloc(0)
    }
    return bytes.subarray(skipped + wanted.length)
  }

  #begin(header: Header | 'end' | undefined): void {
    if (header === 'end') this.#ended = true
    else if (header === undefined) this.fault = true
    else {
      const size = this.#long.size ?? header.size
      this.#header = { ...header, size, path: this.#long.path ?? header.path }
      this.#left = size
      this.#padding = (BLOCK - (size % BLOCK)) % BLOCK
      if (size === 0) this.#end()
    }
  }

  #readBody(bytes: Buffer<ArrayBufferLike>): Buffer<ArrayBufferLike> {
    const taken = bytes.subarray(0, this.#left)
    const most = /^[xgLK]$/.test(this.#header?.type ?? '') ? MOST_EXTENDED : MOST_TEXT
    const kept = taken.subarray(0, Math.max(0, most - this.#keptBytes))
    // A copy: the piece itself belongs to whoever sent it.
    if (kept.length > 0) this.#kept.push(Buffer.from(kept))
    this.#keptBytes += kept.length
    this.#left -= taken.length
    if (this.#left === 0) this.#end()
    return bytes.subarray(taken.length)
  }

  #end(): void {
    const header = this.#header
    const body = Buffer.concat(this.#kept)
    this.#header = undefined
    this.#kept = []
    this.#keptBytes = 0
    if (header === undefined) return
    const { type, path, size } = header
    if (type === 'x') this.#long = { ...this.#long, ...readExtended(body) }
    else if (type === 'L') this.#long = { ...this.#long, path: textOf(body) }
    else if (type !== 'g' && type !== 'K') {
      this.#long = {}
      const kind = type === '0' || type === '\0' || type === '' ? 'file' : type === '2' ? 'link' : 'other'
      this.#onMember({ path, kind, body, whole: body.length === size })
    }
  }
}

function parseHeader(block: Buffer): Header | 'end' | undefined {
  if (block.every((byte) => byte === 0)) return 'end'
  const sum = Number.parseInt(textOf(block.subarray(148, 156)).trim(), 8)
  const counted = block.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0)
  const size = readSize(block.subarray(124, 136))
  if (sum !== counted || size === undefined) return undefined
  const prefix = block.subarray(257, 263).toString('latin1') === 'ustar\0' ? textOf(block.subarray(345, 500)) : ''
  const name = textOf(block.subarray(0, 100))
  const type = block.subarray(156, 157).toString('latin1')
  // A link has no body, whatever its size says.
  return { path: prefix === '' ? name : `${prefix}/${name}`, type, size: /^[1-6]$/.test(type) ? 0 : size }
}

/** Octal, or where that is too short the number itself, marked by its highest bit. */
function readSize(field: Buffer): number | undefined {
  const size =
    ((field[0] ?? 0) & 0x80) === 0
      ? Number.parseInt(textOf(field).trim() || '0', 8)
      : field.subarray(1).reduce((value, byte) => value * 256 + byte, 0)
  return Number.isSafeInteger(size) && size >= 0 ? size : undefined
}

/** `27 path=etc/…\n`: length of the record, name, value. */
function readExtended(body: Buffer): { path?: string; size?: number } {
  const found: { path?: string; size?: number } = {}
  for (let at = 0; at < body.length; ) {
    const blank = body.indexOf(0x20, at)
    const length = blank === -1 ? Number.NaN : Number(body.subarray(at, blank).toString('latin1'))
    if (!Number.isSafeInteger(length) || length <= 0) return found
    const record = body.subarray(blank + 1, at + length - 1).toString('utf8')
    const [, name, value = ''] = /^([^=]*)=([\s\S]*)$/.exec(record) ?? []
    if (name === 'path' || name === 'GNU.sparse.name') found.path = value
    if (name === 'size' && Number.isSafeInteger(Number(value))) found.size = Number(value)
    at += length
  }
  return found
}

/** Up to the first zero. */
function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return bytes.subarray(0, end === -1 ? bytes.length : end).toString('utf8')
}
